import { testDatagramEndpoint } from "../../../testing/test_datagram_endpoint.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { udp, unix } from "../../support/pairs/datagram_endpoints.ts";
import { tcpPair, unixPair } from "../../support/pairs/transport_pairs.ts";
import "../../support/runs/reactor_rests.ts";
import { sampled } from "../../support/runs/sampled.ts";

/** A pair whose connection comes from {@linkcode epollNetwork}. */
function onEpoll(makePair: MakeTransportPair): MakeTransportPair {
  return (factoryA, factoryB, options) =>
    withNetwork(epollNetwork, () => makePair(factoryA, factoryB, options));
}

if (Deno.build.os === "linux") {
  testTransport(onEpoll(tcpPair), { name: "TCP on epollNetwork" });
  testTransport(onEpoll(unixPair), sampled("Unix on epollNetwork"));
  const further = { network: epollNetwork };
  await testDatagramEndpoint(udp("127.0.0.1", further), { name: "UDP on epollNetwork" });
  await testDatagramEndpoint(udp("::1", further), { name: "UDP over IPv6 on epollNetwork" });
  const folder = Deno.makeTempDirSync();
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await testDatagramEndpoint(unix(folder, further), { name: "Unix datagrams on epollNetwork" });
}
