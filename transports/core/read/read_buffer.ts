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
/** Nothing was read yet. */
const NOTHING: Bytes = new Uint8Array(0);
/** After this many reads that filled less than a quarter, reads get smaller. */
const PATIENCE = 8;

/**
 * The memory that one connection is read into, again and again: it stays in the processor's cache,
 * and a read that is under way holds it anyway. Reads grow eightfold when one is filled and shrink
 * when they stay small.
 */
export class ReadBuffer {
  #size = SMALLEST;
  #target: Bytes | null = null;
  #quiet = 0;

  /** Where to read to next. */
  get target(): Bytes {
    // Memory that was taken away is empty.
    if (!this.#target?.length) this.#target = new Uint8Array(takeMemory(this.#size));
    return this.#target;
  }

  /** Whether `n` bytes fill the target, and the next one is larger: there may be more. */
  isOutgrownBy(n: number): boolean {
    return n === this.#size && n < LARGEST;
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

/** The smallest size of a read that has room for `n` bytes. */
export function readSizeFor(n: number): number {
  let size = SMALLEST;
  while (size < n) size *= STEP;
  return size;
}

/** An object that can read into a buffer: a socket, a file. */
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
  // Where the last read went.
  #memory: Bytes = NOTHING;
  // A read into the buffer that had nothing to give yet.
  #pending: Promise<number | null> | null = null;

  /** Reads from `reader`, and leaves closing it to the caller. */
  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    if (target === undefined || this.#pending !== null) {
      const n = await this.read();
      if (n === null) return { done: true, value: undefined };
      const size = this.mayHaveMore(n) ? await this.readOn(n) : n;
      return { done: false, value: copyOf(this.#memory, 0, size) };
    }
    const n = await this.#reader.read(target);
    if (n === null) return { done: true, value: undefined };
    // Lent buffers are over a plain ArrayBuffer: Deno refuses to read into shared memory.
    return { done: false, value: target.subarray(0, n) as Bytes };
  }

  /** Reads into {@linkcode memory}: resolves to how many bytes, or to `null` at the end. */
  read(): Promise<number | null> {
    const pending = this.#pending;
    this.#pending = null;
    this.#memory = this.#buffer.target;
    return pending ?? this.#reader.read(this.#memory);
  }

  /** The memory that begins with the bytes that were read last. The next call may read into it. */
  get memory(): Bytes {
    return this.#memory;
  }

  /** Takes note of how many bytes were read; tells whether to {@linkcode readOn}. */
  mayHaveMore(n: number): boolean {
    const mayHaveMore = this.#buffer.isOutgrownBy(n);
    this.#buffer.reuse(n);
    return mayHaveMore;
  }

  /** Adds what is at hand to the `n` bytes that were read. Resolves to how many there are. */
  async readOn(n: number): Promise<number> {
    const first = this.#memory;
    const more: { n?: number | null } = {};
    const second = this.#buffer.target;
    const reading = this.#reader.read(second);
    // A failure is for the next call.
    reading.then((n) => more.n = n, () => {});
    for (let i = 0; i < AT_HAND && more.n === undefined; i++) await null;
    if (typeof more.n !== "number") {
      this.#pending = reading;
      return n;
    }
    this.#buffer.reuse(more.n);
    this.#memory = joinBytes([first, second.subarray(0, more.n)]);
    return this.#memory.length;
  }
}
