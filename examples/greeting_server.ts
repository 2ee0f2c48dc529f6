/**
 * A greeting server: answers each message with `Hello, <message>!`.
 *
 * A chunk is not a message: TCP may cut a message in two or deliver two at once. So a message is a
 * line here. A client that sends no line end gets its answer when it pauses or ends its direction.
 *
 * Type a name into `nc 127.0.0.1 8888`; stop the server with Ctrl-C. An error in a callback, here
 * of the decoder for bytes that are not UTF-8, is reported and ends that connection only;
 * robust_greeting_server.ts handles it better.
 *
 *     deno run --allow-net examples/greeting_server.ts --port 8888
 *     deno task example greeting_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer, Protocol } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

/** How long a message without a line end waits for the rest of its line, in milliseconds. */
const PAUSE_MS = 100;
/** The longest message, in characters. */
const MAX_MESSAGE_LENGTH = 65_536;

/** Greets. */
export class GreetingProtocol extends Protocol {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #text = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  override dataReceived(chunk: Uint8Array): void {
    clearTimeout(this.#timer);
    this.#text += this.#decoder.decode(chunk, { stream: true });
    const lines = this.#text.split(/(?<=\n)/);
    this.#text = this.#text.endsWith("\n") ? "" : lines.pop() ?? "";
    for (const line of lines) this.#greet(line);
    if (this.#text.length > MAX_MESSAGE_LENGTH) throw new Error("The message is too long");
    if (this.#text !== "") this.#timer = setTimeout(() => this.#greetRest(), PAUSE_MS);
  }

  override eofReceived(): void {
    this.#greetRest();
  }

  override connectionLost(_error: Error | null): void {
    clearTimeout(this.#timer);
  }

  #greetRest(): void {
    clearTimeout(this.#timer);
    if (this.#text !== "") this.#greet(this.#text);
    this.#text = "";
  }

  #greet(line: string): void {
    const message = line.replace(/\r?\n$/, "");
    this.transport.write(`Hello, ${message}!${line.slice(message.length)}`);
  }
}

if (import.meta.main) {
  await runProgram(async () => {
    const server = await createServer(() => new GreetingProtocol(), readFlags(listenFlags(8888)));
    await serveUntilStopped(server);
  });
}
