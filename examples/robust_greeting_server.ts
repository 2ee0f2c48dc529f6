/**
 * A greeting server that handles its own errors: catches, logs in one line, apologises and closes.
 *
 * It extends the protocol of greeting_server.ts. Try `printf '\xff' | nc 127.0.0.1 8888` (bytes
 * that are not UTF-8) on both. Stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/robust_greeting_server.ts --port 8888
 *     deno task example robust_greeting_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";
import { GreetingProtocol } from "./greeting_server.ts";

class RobustGreetingProtocol extends GreetingProtocol {
  override dataReceived(chunk: Uint8Array): void {
    try {
      super.dataReceived(chunk);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`cannot greet ${peerOf(this.transport)}: ${reason}`);
      // close() lets the apology out first; abort() would drop it.
      this.transport.write("Sorry, that was no text.\n");
      this.transport.close();
    }
  }
}

await runProgram(async () => {
  const server = await createServer(
    () => new RobustGreetingProtocol(),
    readFlags(listenFlags(8888)),
  );
  await serveUntilStopped(server);
});
