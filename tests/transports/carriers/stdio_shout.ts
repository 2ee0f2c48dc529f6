/**
 * Sends back what comes on its stdin, in capitals, ends with a word, and goes on printing: the user
 * of `connectStdio` in its test.
 *
 * @module
 */
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { connectStdio } from "../../../transports/carriers/pipes/connect_stdio.ts";

class Shout {
  #transport: Transport | null = null;

  connectionMade(transport: Transport): void {
    this.#transport = transport;
    transport.write(`can end one direction: ${transport.canWriteEof()}\n`);
  }

  dataReceived(chunk: Bytes): void {
    const text = new TextDecoder().decode(chunk);
    this.#transport?.write(text.toUpperCase());
    if (text.endsWith("enough")) this.#transport?.close();
  }

  pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  resumeWriting(): void {
    this.#transport?.resumeReading();
  }

  eofReceived(): void {
    this.#transport?.write("(end)");
  }
}

const { transport } = await connectStdio(() => new Shout());
const { endedBy, bytesRead } = await transport.closed;
console.log(`\n${endedBy}, ${bytesRead} bytes`);
