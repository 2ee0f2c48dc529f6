/**
 * A greeting server: answers each message with `Hello, <message>!`.
 *
 * Type a name into `nc 127.0.0.1 8888`; stop the server with Ctrl-C. What throws in a callback, here
 * the decoder on bytes that are not UTF-8, is reported with its stack and ends that connection, and no
 * other; robust_greeting_server.ts does better.
 *
 *     deno run --allow-net examples/greeting_server.ts --port 8888
 *     deno task example greeting_server --port 8888
 *
 * `--allow-net` is all it needs; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer, Protocol, type Transport } from "@sluice/net";
import { readFlags, runProgram, serveUntilStopped } from "./_program.ts";

/** Greets. A chunk is taken for a message: good enough for somebody who types into a terminal. */
export class GreetingProtocol extends Protocol {
  /** The connection, for subclasses. */
  protected transport: Transport | undefined;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  override connectionMade(transport: Transport): void {
    this.transport = transport;
  }

  override dataReceived(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    const message = text.trimEnd();
    const lineEnd = text.slice(message.length);
    this.transport?.write(`Hello, ${message}!${lineEnd}`);
  }
}

if (import.meta.main) {
  await runProgram(async () => {
    const server = await createServer(() => new GreetingProtocol(), readFlags({ port: 8888 }));
    await serveUntilStopped(server);
  });
}
