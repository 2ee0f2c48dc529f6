import { testTransport } from "../../testing/test_transport.ts";
import { Capture } from "../../transports/layers/capture.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { tcpPair } from "./transport_pairs.ts";

const capture = new Capture(() => {});

testTransport(
  (factoryA, factoryB, options) =>
    memoryTransportPair(factoryA, factoryB, { ...options, layers: [capture.layer] }),
  { name: "capture over memory" },
);
testTransport(
  (factoryA, factoryB, options) =>
    tcpPair(factoryA, factoryB, { ...options, layers: [capture.layer] }),
  { name: "capture over TCP" },
);
