import { InvalidStateError } from "../errors.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";

/** Bytes that are to be passed over as they arrive: the rest of a message that is too long. */
export class SkippedBytes {
  #left = 0;
  #buffer: ReceiveBuffer | null = null;

  /** Passes over the next `n` bytes, those that are there at once. */
  start(buffer: ReceiveBuffer, n: number): void {
    this.#left = n;
    this.#buffer = buffer;
    this.isPassed(buffer);
  }

  /**
   * Passes over what has arrived.
   *
   * @returns Whether nothing is left to pass over.
   * @throws {InvalidStateError} If it was begun on another buffer.
   */
  isPassed(buffer: ReceiveBuffer): boolean {
    if (this.#left === 0) return true;
    if (buffer !== this.#buffer) {
      throw new InvalidStateError("Cannot decode: this codec belongs to another connection");
    }
    const n = Math.min(this.#left, buffer.length);
    buffer.skip(n);
    this.#left -= n;
    return this.#left === 0;
  }
}
