/** The payload: as in payload.c, a long sequence without equal neighbours, other for each lane. */

import { WrongBytesError } from "./report.ts";
import type { Settings } from "./settings.ts";

/** Most that one write or read moves, in bytes. */
export const MAX_CHUNK: number = 256 * 1024;

/** The bytes that connections send and expect back. */
export class Payload {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #period: number;

  /**
   * Fills the sequence.
   *
   * @param settings Gives the size of a message and whether messages are lines.
   */
  constructor({ size, lines }: Settings) {
    this.#period = ((Math.floor(65_536 / size) + 3) | 1) * size;
    this.#bytes = new Uint8Array(this.#period + MAX_CHUNK);
    let state = 2463534242;
    for (let i = 0; i < this.#period; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const byte = (state >>> 8) & 255;
      if (!lines) this.#bytes[i] = byte;
      else this.#bytes[i] = (i + 1) % size === 0 ? 10 : 97 + byte % 26;
    }
    // The first bytes once more behind the end: any chunk is one piece.
    for (let i = 0; i < MAX_CHUNK; i++) {
      this.#bytes[this.#period + i] = this.#bytes[i % this.#period] ?? 0;
    }
  }

  /**
   * Returns a piece of the sequence.
   *
   * @param offset Where it begins, any number from 0.
   * @param length Bytes, at most {@linkcode MAX_CHUNK}.
   * @returns A view that must not be changed.
   */
  piece(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const start = offset % this.#period;
    return this.#bytes.subarray(start, start + length);
  }

  /**
   * Compares what came back.
   *
   * @param offset Where it belongs.
   * @param data What came.
   * @throws {WrongBytesError} If a byte differs.
   */
  check(offset: number, data: Uint8Array): void {
    const expected = this.piece(offset, data.length);
    for (let i = 0; i < data.length; i++) {
      if (data[i] === expected[i]) continue;
      throw new WrongBytesError(`byte is ${data[i]} at ${offset + i}, expected ${expected[i]}`);
    }
  }
}
