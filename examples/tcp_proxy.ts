/**
 * A TCP proxy: bytes from clients go to `--target`, and its answers go back.
 *
 * `relay` does the work: it reads each side only as fast as the other side takes the bytes, passes
 * on the end of one direction while the other goes on, and ends a pair that was silent for `--idle`
 * seconds. Stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/tcp_proxy.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example tcp_proxy --port 8080 --target 127.0.0.1:8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { openConnection, relay, startServer } from "@sluice/net";
import type { RelayDirection } from "@sluice/net/streams";
import type { StreamConnection } from "@sluice/net";
import { listenFlags, readFlags, toCount, toTarget } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";

function describe({ bytes, reason }: RelayDirection): string {
  return reason === "eof" ? `${bytes} bytes` : `${bytes} bytes (${reason.message})`;
}

await runProgram(async () => {
  const { target, idle, ...endpoint } = readFlags({
    ...listenFlags(8080),
    target: ["127.0.0.1:8888", "where to connect to, as HOST:PORT", toTarget],
    idle: ["300", "end a pair that was silent for so many seconds", toCount],
  });

  const proxy = async (client: StreamConnection): Promise<void> => {
    const name = peerOf(client.transport);
    let upstream: StreamConnection;
    try {
      upstream = await openConnection({ ...target, signal: client.signal });
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : error}`);
      return;
    }
    const { forward, backward } = await relay(client, upstream, { idleTimeout: idle * 1000 });
    console.log(`${name}: ${describe(forward)} there, ${describe(backward)} back`);
  };

  const server = await startServer(proxy, endpoint);
  console.log(`passing on to ${target.hostname}:${target.port}`);
  await serveUntilStopped(server);
});
