/**
 * A relay to an echo server in the same process: by two raw loops (`raw`), or by `relay`
 * (`sluice`),
 * or by that on epollNetwork (`epoll`). The echo server is the raw loop in all.
 */

import { denoNetwork, type Network, openConnection, relay, startServer } from "../../mod.ts";
import { epollNetwork } from "@sluice/net/epoll";
import { copy, serve } from "./raw_loop.ts";

const PLACE = { hostname: "127.0.0.1", port: 0 };

/** Listens with the raw loop's server; gives the port. */
function listen(handle: (conn: Deno.TcpConn) => Promise<unknown>): number {
  const listener = Deno.listen(PLACE);
  void serve(listener, handle);
  return listener.addr.port;
}

async function relayRaw(conn: Deno.TcpConn, port: number): Promise<void> {
  using upstream = await Deno.connect({ port });
  upstream.setNoDelay(true);
  const pass = async (from: Deno.Conn, to: Deno.Conn): Promise<void> => {
    await copy(from, to);
    await to.closeWrite();
  };
  await Promise.all([pass(conn, upstream), pass(upstream, conn)]);
}

async function relaySluice(network: Network): Promise<number> {
  const server = await startServer(async (connection) => {
    await relay(connection, await openConnection({ port: echo, network }));
  }, { ...PLACE, network });
  return server.port;
}

const echo = listen((conn) => copy(conn, conn));
const [kind] = Deno.args;
const port = kind === "raw"
  ? listen((conn) => relayRaw(conn, echo))
  : await relaySluice(kind === "epoll" ? epollNetwork : denoNetwork);
console.log(`listening on 127.0.0.1:${port}`);
