import { simulate, testTransport, type World } from "@sluice/net/testing";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { serverPair } from "../../support/pairs/server_pair.ts";
import { tlsPair } from "../../support/pairs/tls_pairs.ts";
import { tcpPair, unixPair } from "../../support/pairs/transport_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

/** Runs each case in a world of its own, on the loopback interface of one host. */
function inWorld(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => void await simulate(run));
}

testTransport(tcpPair, { name: "TCP of simulate()", test: inWorld });
testTransport(unixPair, sampled("Unix of simulate()", inWorld));
testTransport(tlsPair("layer", "layer"), sampled("TLS of simulate()", inWorld));

/** The world of the case that runs. */
let world: World | null = null;
let hosts = 0;

/** Both ends on hosts of their own. */
const distantPair: MakeTransportPair = (factoryA, factoryB, options) => {
  const [server, client] = [`server${hosts++}`, `client${hosts++}`];
  const on = <T>(host: string, run: () => Promise<T>): Promise<T> =>
    world?.client(host, run) ?? Promise.reject(new Error("There is no world"));
  return serverPair(
    factoryB,
    (accept) =>
      on(server, () => createServer(accept, { hostname: "0.0.0.0", port: 7, ...options })),
    () => on(client, () => createConnection(factoryA, { hostname: server, port: 7, ...options })),
  );
};

// Every fiftieth segment is lost, and no two take the same time.
testTransport(distantPair, {
  name: "TCP between hosts of simulate()",
  // In virtual time, of which much passes while segments are sent again.
  caseTimeout: 1_000_000,
  test: (name, run) =>
    Deno.test(name, async () => {
      const main = (here: World): Promise<void> => {
        world = here;
        return run();
      };
      await simulate(main, { latency: [1, 30], loss: 0.02, segmentSize: [1, 9000] });
    }),
});
