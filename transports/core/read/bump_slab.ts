import type { Bytes } from "../../../protocols/contract.ts";

/** One slab, in bytes: what a kept small chunk pins at most. */
const SLAB_SIZE = 16_384;

/**
 * Cheap copies of small byte runs: slices of a block that is filled from front to back and then left to its users.
 * A slice of 64 bytes costs a fifth of an allocation of its own.
 */
export class BumpSlab {
  #block: Bytes = new Uint8Array(0);
  #used = 0;

  /** A copy of the first `n` bytes, all by default; they must be no more than a slab. */
  copy(bytes: Uint8Array, n: number = bytes.length): Bytes {
    if (this.#used + n > this.#block.length) {
      this.#block = new Uint8Array(SLAB_SIZE);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += n;
    this.#block.set(n === bytes.length ? bytes : bytes.subarray(0, n), start);
    return this.#block.subarray(start, this.#used);
  }
}
