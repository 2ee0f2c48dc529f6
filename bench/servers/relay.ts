/**
 * A relay to an echo server in the same process: by two loops over Deno's connections (`raw`), or by
 * `relay` (`sluice`), or by that on epollNetwork (`epoll`). The echo server is the raw loop in all.
 */

import { denoNetwork, type Network, openConnection, relay, startServer } from "../../mod.ts";

const PLACE = { hostname: "127.0.0.1", port: 0 };

/** Copies all data and its end, through one buffer. */
async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
    for (let done = 0; done < n;) done += await to.write(buffer.subarray(done, n));
  }
  await to.closeWrite();
}

/** Calls `handle` for each connection, and closes it when that is done, however it ended. */
function serve(handle: (conn: Deno.TcpConn) => Promise<unknown>): number {
  const listener = Deno.listen(PLACE);
  const run = async (conn: Deno.TcpConn): Promise<void> => {
    conn.setNoDelay(true);
    try {
      await handle(conn);
    } catch {
      // The load generator just leaves.
    }
    conn.close();
  };
  void (async () => {
    for await (const conn of listener) void run(conn);
  })();
  return listener.addr.port;
}

async function relayRaw(conn: Deno.TcpConn, port: number): Promise<void> {
  using upstream = await Deno.connect({ port });
  upstream.setNoDelay(true);
  await Promise.all([copy(conn, upstream), copy(upstream, conn)]);
}

async function relaySluice(network: Network): Promise<number> {
  const server = await startServer(async (connection) => {
    await relay(connection, await openConnection({ port: echo, network }));
  }, { ...PLACE, network });
  return server.port;
}

async function epollNetwork(): Promise<Network> {
  return (await import("../../transports/networks/epoll/epoll_network.ts")).epollNetwork;
}

const echo = serve((conn) => copy(conn, conn));
const [kind] = Deno.args;
const port = kind === "raw"
  ? serve((conn) => relayRaw(conn, echo))
  : await relaySluice(kind === "epoll" ? await epollNetwork() : denoNetwork);
console.log(`listening on 127.0.0.1:${port}`);
