import type { MakeTransportPair } from "../../testing/make_transport_pair.ts";
import { testTransport } from "../../testing/test_transport.ts";
import { proxyProtocol, sendProxyProtocol } from "../../transports/layers/proxy_protocol.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";

/** The first end writes a header, the second one reads it. */
const makePair: MakeTransportPair = (factoryA, factoryB, options) => {
  const layers = [sendProxyProtocol({ version: 1 }), proxyProtocol()];
  return memoryTransportPair(factoryA, factoryB, {
    ...options,
    layers: [(upper, layerOptions) => layers.shift()?.(upper, layerOptions) ?? upper],
  });
};

/** Here the writer gives up before its header is sent, so that the other end never comes about. */
const WITHOUT_HEADER = [
  "abort() inside connectionMade() is followed by connectionLost(null) alone",
  "An exception in connectionMade() is reported once and ends the connection with it",
];

testTransport(makePair, {
  name: "PROXY protocol over memory",
  test: (name, run) => {
    if (!WITHOUT_HEADER.some((one) => name.endsWith(one))) Deno.test(name, run);
  },
});
