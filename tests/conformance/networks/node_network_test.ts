import { testTransport } from "../../../testing/test_transport.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { tlsPair } from "../../support/pairs/tls_pairs.ts";
import { tcpPair, unixPair } from "../../support/pairs/transport_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

/** A pair whose connection comes from {@linkcode nodeNetwork}. */
function onNode(makePair: MakeTransportPair): MakeTransportPair {
  return (factoryA, factoryB, options) =>
    withNetwork(nodeNetwork, () => makePair(factoryA, factoryB, options));
}

testTransport(onNode(tcpPair), { name: "TCP on nodeNetwork" });
testTransport(onNode(tlsPair("layer", "layer")), { name: "TLS on nodeNetwork" });
if (hasUnixSockets) testTransport(onNode(unixPair), sampled("Unix on nodeNetwork"));
