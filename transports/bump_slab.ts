import type { Bytes } from "../protocols/contract.ts";

/** One slab, in bytes: what a kept small chunk pins at most. */
const SLAB_SIZE = 16_384;

/**
 * Cheap copies of small byte runs: slices of a block that is filled from front to back and then left to its users.
 * A slice of 64 bytes costs a fifth of an allocation of its own.
 */
export class BumpSlab {
  #block: Bytes = new Uint8Array(0);
  #used = 0;

  /** A copy of `bytes`, which must be no longer than a slab. */
  copy(bytes: Uint8Array): Bytes {
    if (this.#used + bytes.length > this.#block.length) {
      this.#block = new Uint8Array(SLAB_SIZE);
      this.#used = 0;
    }
    const start = this.#used;
    this.#block.set(bytes, start);
    this.#used += bytes.length;
    return this.#block.subarray(start, this.#used);
  }

  /** Extends `slice` by `bytes` in place; `null` if another slice follows it or no room is left. */
  extend(slice: Uint8Array, bytes: Uint8Array): Bytes | null {
    if (slice.buffer !== this.#block.buffer) return null;
    const end = slice.byteOffset + slice.length;
    if (end !== this.#used || end + bytes.length > this.#block.length) return null;
    this.#block.set(bytes, end);
    this.#used += bytes.length;
    return this.#block.subarray(slice.byteOffset, this.#used);
  }
}
