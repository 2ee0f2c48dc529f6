import { type Bytes, copyOf, joinBytes } from "../../../protocols/bytes.ts";
import type { ByteSource } from "../carrier.ts";
import { takeMemory } from "../memory/memory_pool.ts";

/** The first read, in bytes, and what an idle connection holds. */
const SMALLEST = 512;
/**
 * The most that one read asks for, in bytes. Blocks of twice that and more come from the system
 * anew each time, page by page, which costs more than the reads they save.
 */
const LARGEST = 65_536;
/** By how much reads grow and shrink at a time: the second one has room for 4 KiB. */
const STEP = 8;
/**
 * A read whose bytes are there already settles within so many microtasks: measured, with two to
 * spare.
 */
const AT_HAND = 4;
/** From this size on, in bytes, a chunk that is given takes memory that was given back before. */
const POOLED = 4096;
/** After this many reads that filled less than a quarter, reads get smaller. */
const PATIENCE = 8;

/**
 * The memory that one connection is read into, again and again: it stays in the processor's cache,
 * and a read that is under way holds it anyway. What arrived is copied out of it, so that each
 * chunk has a buffer of its own; only a full block of the largest size is given away. Reads grow
 * eightfold when one is filled and shrink when they stay small.
 */
export class ReadBuffer {
  #size = SMALLEST;
  #target: Bytes | null = null;
  #quiet = 0;

  /** Where to read to next. */
  get target(): Bytes {
    return this.#target ??= new Uint8Array(takeMemory(this.#size));
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
    const chunk = n === LARGEST ? target : pooledCopy(target, n);
    this.reuse(n);
    return chunk;
  }

  /** The first `n` bytes of the target where they lie: the next read goes elsewhere. */
  takeRoomy(n: number): Bytes {
    const { target } = this;
    this.reuse(n);
    this.#target = null;
    return n === target.length ? target : target.subarray(0, n);
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

/** A copy of the first `n` bytes, with a buffer of its own. */
export function pooledCopy(memory: Bytes, n: number): Bytes {
  // Other copies cost less than a look-up.
  if (n < POOLED) return copyOf(memory, 0, n);
  const copy = new Uint8Array(takeMemory(n));
  copy.set(n < memory.length ? memory.subarray(0, n) : memory);
  return copy;
}

/** A copy of the first `n` bytes, in memory of a size that is used again. */
export function roomyCopy(memory: Bytes, n: number): Bytes {
  let size = SMALLEST;
  while (size < n) size *= STEP;
  const copy = new Uint8Array(takeMemory(size), 0, n);
  copy.set(n < memory.length ? memory.subarray(0, n) : memory);
  return copy;
}

/** What can read into a buffer: a socket, a file. */
interface Reader {
  /** Reads at least one byte; resolves to how many, or to `null` at the end. */
  read(target: Uint8Array): Promise<number | null>;
}

/**
 * The bytes that a socket or a file gives. A read that fills its memory is followed by another one
 * at once, so that a message that came in one piece stays in one piece although an idle connection
 * holds little memory.
 */
export class ReaderSource implements ByteSource {
  readonly givesOwnedBytes = true;
  readonly #reader: Reader;
  readonly #buffer = new ReadBuffer();
  #target: Uint8Array | undefined;
  #isRoomy = false;
  // A read into the buffer that had nothing to give yet.
  #pending: Promise<number | null> | null = null;

  /** Reads from `reader`, and leaves closing it to the caller. */
  constructor(reader: Reader) {
    this.#reader = reader;
  }

  next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    this.#isRoomy = false;
    return this.#next(target);
  }

  nextRoomy(): Promise<IteratorResult<Bytes, void>> {
    this.#isRoomy = true;
    return this.#next();
  }

  #next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    const pending = this.#pending;
    this.#pending = null;
    this.#target = pending === null ? target : undefined;
    const reading = pending ?? this.#reader.read(target ?? this.#buffer.target);
    return reading.then(this.#onRead);
  }

  // Made once: it is handed to every read.
  readonly #onRead = (
    n: number | null,
  ): IteratorResult<Bytes, void> | Promise<IteratorResult<Bytes, void>> => {
    if (n === null) return { done: true, value: undefined };
    // Lent buffers are over a plain ArrayBuffer: Deno refuses to read into shared memory.
    if (this.#target !== undefined) {
      return { done: false, value: this.#target.subarray(0, n) as Bytes };
    }
    const mayHaveMore = this.#buffer.isOutgrownBy(n);
    const value = this.#isRoomy ? this.#buffer.takeRoomy(n) : this.#buffer.take(n);
    return mayHaveMore ? this.#readOn(value) : { done: false, value };
  };

  /** Adds what is at hand. */
  async #readOn(first: Bytes): Promise<IteratorResult<Bytes, void>> {
    const more: { n?: number | null } = {};
    const reading = this.#reader.read(this.#buffer.target);
    // A failure is for the next call.
    reading.then((n) => more.n = n, () => {});
    for (let i = 0; i < AT_HAND && more.n === undefined; i++) await null;
    if (typeof more.n === "number") {
      return { done: false, value: joinBytes([first, this.#buffer.take(more.n)]) };
    }
    this.#pending = reading;
    return { done: false, value: first };
  }
}
