/**
 * An echo server, Web style: one line with Web streams.
 *
 * `readable` and `writable` are views of the same connection as `reader` and `writer`. `pipeTo`
 * keeps back-pressure: it reads no faster than the client takes the echo. When the client ends its
 * direction, the server ends its own as well. Talk to it with `nc 127.0.0.1 8888`; stop it with
 * Ctrl-C.
 *
 *     deno run --allow-net examples/web_echo_server.ts --port 8888
 *     deno task example web_echo_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { startServer } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

await runProgram(async () => {
  const server = await startServer(
    ({ readable, writable }) => readable.pipeTo(writable),
    readFlags(listenFlags(8888)),
  );
  await serveUntilStopped(server);
});
