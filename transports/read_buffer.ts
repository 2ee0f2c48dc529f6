import type { Bytes } from "../protocols/contract.ts";
import { BumpSlab } from "./bump_slab.ts";

/** What an idle connection holds, in bytes. */
const SMALLEST = 2048;
/** The most that one read asks for, in bytes. */
const LARGEST = 131_072;
/** Chunks up to this many bytes are copied out, so that the buffer can be used again. */
const COPY_LIMIT = 4096;
/** After this many reads that filled less than a quarter the buffer shrinks. */
const PATIENCE = 8;

/** Copies of small chunks, of all connections: they come and go within a turn of the event loop. */
const slab = new BumpSlab();

/**
 * The buffer that one connection is read into. It adapts to what arrives: it grows fourfold when a read fills it and shrinks when reads
 * stay small. The chunks it gives out are never written to again.
 */
export class ReadBuffer {
  #size = SMALLEST;
  #buffer: Bytes | null = null;
  #quiet = 0;

  /** The buffer to read into next. */
  get target(): Bytes {
    return this.#buffer ??= new Uint8Array(this.#size);
  }

  /** The first `n` bytes of the buffer as a chunk of their own: copied if few, else with the buffer itself. */
  take(n: number): Bytes {
    const buffer = this.target;
    this.#adapt(n);
    const handOver = n > COPY_LIMIT && 2 * n >= buffer.length;
    if (handOver || buffer.length !== this.#size) this.#buffer = null;
    if (handOver) return n === buffer.length ? buffer : buffer.subarray(0, n);
    return n <= COPY_LIMIT ? slab.copy(buffer.subarray(0, n)) : buffer.slice(0, n);
  }

  #adapt(n: number): void {
    if (n === this.#size) {
      this.#size = Math.min(4 * this.#size, LARGEST);
      this.#quiet = 0;
    } else if (4 * n >= this.#size || this.#size === SMALLEST) this.#quiet = 0;
    else if (++this.#quiet >= PATIENCE) {
      this.#size /= 4;
      this.#quiet = 0;
    }
  }
}
