import type { Bytes } from "../../../protocols/bytes.ts";
import { CaptureSlab } from "./_capture_slab.ts";

/** A capture is gathered in pieces of this size, in bytes. */
const SLAB_SIZE = 524_288;
/** How many slabs are kept for later, at most. */
const MAX_SPARE_SLABS = 32;

/**
 * The memory that a capture is written into, slab after slab. It comes out in the same order, and
 * can be written into again then: memory from the system costs more than all that is done with it
 * here.
 */
export class CaptureMemory {
  #slab = new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
  // The part of the slab that was written and not taken yet.
  #start = 0;
  #end = 0;
  // The rest of each slab that is full, and slabs that can be filled again.
  readonly #full: Bytes[] = [];
  readonly #spare: CaptureSlab[] = [];

  /** The slab that the last {@linkcode reserve} was about. */
  get slab(): CaptureSlab {
    return this.#slab;
  }

  /** Whether a slab is full and was not taken yet. */
  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** Reserves memory in a slab; returns where it begins. It may hold anything. */
  reserve(length: number): number {
    if (this.#end + length > SLAB_SIZE) this.#changeSlab();
    const start = this.#end;
    this.#end += length;
    return start;
  }

  /** Takes what was reserved first, in one piece; an empty one if nothing is left. */
  take(): Bytes {
    return this.#full.shift() ?? this.#takeReserved();
  }

  /** Has the memory of a piece written into again, once no other piece of its slab is in use. */
  giveBack(piece: Bytes): void {
    if (piece.buffer === this.#slab.bytes.buffer) {
      if (this.#start === this.#end) this.#start = this.#end = 0;
      return;
    }
    const isRestWaiting = this.#full[0]?.buffer === piece.buffer;
    if (!isRestWaiting && this.#spare.length < MAX_SPARE_SLABS) {
      this.#spare.push(new CaptureSlab(piece.buffer));
    }
  }

  /** Forgets everything that was not taken. */
  clear(): void {
    this.#full.length = 0;
    this.#start = this.#end;
  }

  #changeSlab(): void {
    if (this.#end > this.#start) this.#full.push(this.#takeReserved());
    this.#slab = this.#spare.pop() ?? new CaptureSlab(new ArrayBuffer(SLAB_SIZE));
    this.#start = this.#end = 0;
  }

  #takeReserved(): Bytes {
    const reserved = this.#slab.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return reserved;
  }
}
