import { connectCarrier } from "@sluice/net/transports";
import { type MakeTransportPair, testTransport } from "@sluice/net/testing";
import { PortCarrier } from "../../examples/custom_transport.ts";
import { sampled } from "../support/runs/sampled.ts";

const makePair: MakeTransportPair = (protocolFactoryA, protocolFactoryB, options) => {
  const { port1, port2 } = new MessageChannel();
  return Promise.all([
    connectCarrier(protocolFactoryA, new PortCarrier(port1), options),
    connectCarrier(protocolFactoryB, new PortCarrier(port2), options),
  ]);
};

testTransport(makePair, sampled("custom_transport"));
