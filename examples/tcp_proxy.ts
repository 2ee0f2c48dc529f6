/**
 * A TCP proxy: what clients send goes to `--target`, and what that answers goes back.
 *
 * `relay` does the work: it reads each side only as fast as the other takes it, passes on the end of one
 * direction while the other goes on, and gives up a pair that was silent for `--idle` seconds.
 * Stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/tcp_proxy.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example tcp_proxy --port 8080 --target 127.0.0.1:8888
 *
 * `--allow-net` is all it needs; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { openConnection, relay, type RelayDirection, startServer } from "@sluice/net";
import type { StreamConnection } from "@sluice/net";
import { peerOf, readFlags, runProgram, serveUntilStopped } from "./_program.ts";

/** Takes `HOST:PORT` apart; an IPv6 address stands in brackets. */
function parseTarget(target: string): { hostname: string; port: number } {
  const [, bracketed, name, port] = target.match(/^(?:\[(.+)\]|([^:]+)):(\d+)$/) ?? [];
  const hostname = bracketed ?? name;
  if (hostname === undefined) {
    throw new TypeError(`Cannot use --target: "${target}" is not HOST:PORT`);
  }
  return { hostname, port: Number(port) };
}

function describe({ bytes, reason }: RelayDirection): string {
  return reason === "eof" ? `${bytes} bytes` : `${bytes} bytes (${reason.message})`;
}

await runProgram(async () => {
  const { target, idle, ...endpoint } = readFlags({
    port: 8080,
    target: "127.0.0.1:8888",
    idle: 300,
  });
  const where = parseTarget(target);

  const proxy = async (client: StreamConnection): Promise<void> => {
    const name = peerOf(client.transport);
    let upstream: StreamConnection;
    try {
      upstream = await openConnection({ ...where, signal: client.signal });
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : error}`);
      return;
    }
    const { forward, backward } = await relay(client, upstream, { idleTimeout: idle * 1000 });
    console.log(`${name}: ${describe(forward)} there, ${describe(backward)} back`);
  };

  const server = await startServer(proxy, endpoint);
  console.log(`passing on to ${target}`);
  await serveUntilStopped(server);
});
