/**
 * An echo server, protocol style: each client gets back the bytes that it sends.
 *
 * One `Echo` is made for each connection. Talk to it with `nc 127.0.0.1 8888` or with
 * echo_client.ts; stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/echo_server.ts --port 8888
 *     deno task example echo_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer, Protocol, type Transport } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";

class Echo extends Protocol {
  override connectionMade(transport: Transport): void {
    console.log(`${peerOf(transport)} connected`);
  }

  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk);
  }

  // A client that sends without reading fills our buffer: then we stop reading from it.
  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }

  override connectionLost(error: Error | null): void {
    const peer = peerOf(this.transport);
    console.log(`${peer} disconnected${error ? `: ${error.message}` : ""}`);
  }
}

await runProgram(async () => {
  const server = await createServer(() => new Echo(), readFlags(listenFlags(8888)));
  await serveUntilStopped(server);
});
