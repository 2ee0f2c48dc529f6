import type { EncodeSegment } from "./codec.ts";

/** The size, in bytes. Parts this small are copied by `Transport.write` before it returns. */
const SIZE = 8192;

/** Memory for the parts of one message at a time. Parts without room get memory of their own. */
export class ReusedSegment implements EncodeSegment {
  readonly #bytes = new Uint8Array(SIZE);
  #used = 0;
  #users = 0;

  /** Lends the memory for as long as `write` runs. */
  use<T>(write: (segment: EncodeSegment) => T): T {
    this.#users++;
    try {
      return write(this);
    } finally {
      // A message that was written while another one was being encoded leaves that one's parts.
      if (--this.#users === 0) this.#used = 0;
    }
  }

  take(length: number): Uint8Array {
    const start = this.#used;
    if (!(start + length <= SIZE)) return new Uint8Array(length);
    this.#used += length;
    return this.#bytes.subarray(start, this.#used);
  }
}
