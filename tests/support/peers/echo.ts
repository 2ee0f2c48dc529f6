import { Protocol } from "../../../protocols/protocol.ts";

/** Sends back what it receives, no faster than the peer takes it, and ends when the peer ends. */
export class Echo extends Protocol {
  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(chunk);
  }

  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }
}
