import type { Bytes } from "../../../protocols/contract.ts";
import { BumpSlab } from "./bump_slab.ts";

/** What an idle connection holds, in bytes. */
const SMALLEST = 512;
/**
 * The most that one read asks for, in bytes. Blocks of twice that and more come from the system anew each time, page
 * by page, which costs more than the reads they save.
 */
const LARGEST = 65_536;
/** Chunks up to this many bytes are copied out, so that their place can be used again. */
const COPY_LIMIT = 4096;
/** From this size on blocks are of the largest size: chunks are given away, and the next read goes behind them. */
const BLOCK_LIMIT = 32_768;
/** A chunk that is less than this part of its block is copied: who keeps it shall not keep the block. */
const LEAST_SHARE = 1 / 8;
/** After this many reads that filled less than a quarter, reads get smaller. */
const PATIENCE = 8;

/** Copies of small chunks, of all connections: they come and go within a turn of the event loop. */
const slab = new BumpSlab();

/**
 * The memory that one connection is read into. It adapts to what arrives: reads grow fourfold when one is filled
 * and shrink when they stay small. What it gives out is never written to again: large chunks are given
 * away where they lie, and the next read goes behind them.
 */
export class ReadBuffer {
  #size = SMALLEST;
  #block: Bytes | null = null;
  #used = 0;
  #target: Bytes | null = null;
  #quiet = 0;

  /** Where to read to next. */
  get target(): Bytes {
    return this.#target ??= this.#findTarget();
  }

  /** The first `n` bytes of the target as a chunk of their own. */
  take(n: number): Bytes {
    const { target } = this;
    const chunk = this.#cut(target, n);
    this.#adapt(n);
    return chunk;
  }

  /** The first `n` bytes of the target were used up where they lie: the next read may go there again. */
  reuse(n: number): void {
    this.#adapt(n);
  }

  #findTarget(): Bytes {
    if (this.#block === null || this.#block.length - this.#used < this.#size / 2) {
      this.#block = new Uint8Array(this.#size < BLOCK_LIMIT ? this.#size : LARGEST);
      this.#used = 0;
    }
    if (this.#block.length === this.#size) return this.#block;
    return this.#block.subarray(this.#used, this.#used + this.#size);
  }

  #cut(target: Bytes, n: number): Bytes {
    if (n <= COPY_LIMIT) return slab.copy(target, n);
    if (n < LEAST_SHARE * target.buffer.byteLength) return target.slice(0, n);
    this.#target = null;
    this.#used += n;
    if (target.length === this.#block?.length) this.#block = null;
    return n === target.length ? target : target.subarray(0, n);
  }

  #adapt(n: number): void {
    const size = this.#size;
    if (n === size) this.#size = Math.min(4 * size, LARGEST);
    else if (4 * n >= size || size === SMALLEST) this.#quiet = 0;
    else if (++this.#quiet >= PATIENCE) this.#size = Math.max(this.#size / 4, SMALLEST);
    if (size === this.#size) return;
    this.#quiet = 0;
    this.#block = this.#target = null;
  }
}
