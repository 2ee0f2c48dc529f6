/**
 * A client of an echo server, protocol style: sends a message and prints the echo.
 *
 * Start echo_server.ts first. The program ends by itself when the whole message has come back.
 *
 *     deno run --allow-net examples/echo_client.ts --port 8888 --message "Hello, world"
 *     deno task example echo_client --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createConnection, Protocol, type Transport } from "@sluice/net";
import { connectFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram } from "./_program.ts";

class EchoClient extends Protocol {
  readonly #message: Uint8Array;
  // One decoder for the connection: a character may arrive in two chunks.
  readonly #decoder = new TextDecoder();
  #missing: number;

  constructor(message: string) {
    super();
    this.#message = new TextEncoder().encode(message);
    this.#missing = this.#message.length;
  }

  /** How many bytes have not come back yet. */
  get missing(): number {
    return this.#missing;
  }

  override connectionMade(transport: Transport): void {
    console.log(`connected to ${peerOf(transport)}`);
    transport.write(this.#message);
    console.log(`sent ${this.#message.length} bytes`);
  }

  override dataReceived(chunk: Uint8Array): void {
    console.log(`received: ${this.#decoder.decode(chunk, { stream: true })}`);
    this.#missing -= chunk.length;
    if (this.#missing <= 0) this.transport.close();
  }
}

await runProgram(async () => {
  const { message, ...endpoint } = readFlags({
    ...connectFlags(8888),
    message: ["Hello, world", "the text to send"],
  });
  const { transport, protocol } = await createConnection(() => new EchoClient(message), endpoint);
  const { error, durationMs } = await transport.closed;
  if (error) throw error;
  if (protocol.missing > 0) {
    throw new Error(`The server closed with ${protocol.missing} bytes still to come back`);
  }
  console.log(`done after ${durationMs.toFixed(1)} ms`);
});
