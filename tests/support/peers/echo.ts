import type { Transport } from "../../../protocols/contract.ts";
import { Protocol } from "../../../protocols/protocol.ts";

/** Sends back what comes, no faster than that is taken, and ends when the peer ends. */
export class Echo extends Protocol {
  #transport?: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(chunk: Uint8Array): void {
    this.#transport?.write(chunk);
  }

  override pauseWriting(): void {
    this.#transport?.pauseReading();
  }

  override resumeWriting(): void {
    this.#transport?.resumeReading();
  }
}
