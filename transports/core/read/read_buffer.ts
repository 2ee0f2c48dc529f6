import { type Bytes, copyOf } from "../../../protocols/bytes.ts";

/** The first read, in bytes, and what an idle connection holds. */
const SMALLEST = 512;
/**
 * The most that one read asks for, in bytes. Blocks of twice that and more come from the system
 * anew each time, page by page, which costs more than the reads they save.
 */
const LARGEST = 65_536;
/** By how much reads grow and shrink at a time: the second one has room for 4 KiB. */
const STEP = 8;
/** After this many reads that filled less than a quarter, reads get smaller. */
const PATIENCE = 8;

/**
 * The memory that one connection is read into, again and again: it stays in the processor's cache,
 * and a read that is under way holds it anyway. What arrived is copied out of it, so that each chunk
 * has a buffer of its own; only a full block of the largest size is given away. Reads grow eightfold when one is filled and shrink when they stay small.
 */
export class ReadBuffer {
  #size = SMALLEST;
  #target: Bytes | null = null;
  #quiet = 0;

  /** Where to read to next. */
  get target(): Bytes {
    return this.#target ??= new Uint8Array(this.#size);
  }

  /** Whether `n` bytes fill the target, and the next one is larger: there may be more. */
  isOutgrownBy(n: number): boolean {
    return n === this.#size && n < LARGEST;
  }

  /** The first `n` bytes of the target, over a buffer of their own. */
  take(n: number): Bytes {
    const { target } = this;
    // Filled exactly, it is cheaper to give away than to copy.
    if (n === LARGEST) this.#target = null;
    const chunk = n === LARGEST ? target : copyOf(target, 0, n);
    this.reuse(n);
    return chunk;
  }

  /** The first `n` bytes of the target were used where they lie. */
  reuse(n: number): void {
    const size = this.#size;
    if (n === size) this.#size = Math.min(STEP * size, LARGEST);
    else if (4 * n >= size || size === SMALLEST) this.#quiet = 0;
    else if (++this.#quiet >= PATIENCE) this.#size = Math.max(this.#size / STEP, SMALLEST);
    if (size === this.#size) return;
    this.#quiet = 0;
    this.#target = null;
  }
}
