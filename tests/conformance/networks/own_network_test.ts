import { memoryNetwork } from "../../../examples/memory_network.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { tcpPair } from "../../support/pairs/transport_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

// The network that docs/networks.md shows as an example of one's own.
testTransport(
  (factoryA, factoryB, options) =>
    withNetwork(memoryNetwork(), () => tcpPair(factoryA, factoryB, options)),
  sampled("The network of an example"),
);
