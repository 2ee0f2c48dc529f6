/**
 * An echo server, async/await style: asyncio's first example of streams.
 *
 * The handler runs once for each connection, all at the same time: it reads up to 100 bytes, sends
 * them back, and closes. Talk to it with `nc 127.0.0.1 8888`; stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/stream_echo_server.ts --port 8888
 *     deno task example stream_echo_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { startServer, type StreamConnection } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";

async function echo({ reader, writer }: StreamConnection): Promise<void> {
  const data = await reader.read(100);
  // No bytes are the end: the client sent no message, or the server is stopping.
  if (data.length === 0) return;
  const message = new TextDecoder().decode(data);
  console.log(`${peerOf(writer.transport)} sent ${JSON.stringify(message)}`);

  writer.write(data);
  await writer.drain();

  // When the handler returns, the connection is closed anyway; this shows how.
  writer.close();
  await writer.waitClosed();
}

await runProgram(async () => {
  const server = await startServer(echo, readFlags(listenFlags(8888)));
  await serveUntilStopped(server);
});
