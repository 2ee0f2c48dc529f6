import type { Bytes } from "../../../protocols/bytes.ts";
import { ReceiveBufferFullError } from "../../../protocols/errors.ts";
import { ReceiveBuffer } from "../../../protocols/framing/receive_buffer.ts";
import type { ByteSource } from "../carrier.ts";

/**
 * Up to this size chunks that wait together are joined, in bytes: delivering costs more than
 * copying.
 */
const SMALL = 4096;

/** Waits until fewer than so many bytes are in the queue. */
interface Waiter {
  readonly size: number;
  resolve(): void;
}

/** Options for a {@linkcode ChunkQueue}. */
interface ChunkQueueOptions {
  /** How many bytes may wait. No limit by default. */
  readonly limit?: number;
  /** Told of how many bytes were taken, each time. */
  readonly onTaken?: (bytes: number) => void;
}

/**
 * Chunks that one side puts in and a transport reads: what lies between an event and a pump, the
 * two ends of a pair, the decoder of a layer and its reader.
 *
 * ```text
 * put* -> end(error?)        -> next()        drop(): what waits and what still comes is lost
 *   below(size), drained(), starved(): how far the reader is
 * ```
 */
export class ChunkQueue implements ByteSource {
  readonly givesOwnedBytes = true;
  readonly #buffer = new ReceiveBuffer();
  readonly #limit: number;
  readonly #onTaken: (bytes: number) => void;
  #end: { readonly error: unknown } | null = null;
  #isDropping = false;
  // The reader, while there is nothing for it.
  #onPut: (() => void) | null = null;
  #waiters: Waiter[] = [];
  #onStarved: (() => void)[] = [];

  /** Creates an empty queue. */
  constructor({ limit = Infinity, onTaken = () => {} }: ChunkQueueOptions = {}) {
    this.#limit = limit;
    this.#onTaken = onTaken;
  }

  /** How many bytes wait. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Whether {@linkcode end} was called: no more is added. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Whether {@linkcode drop} was called. */
  get isDropping(): boolean {
    return this.#isDropping;
  }

  /**
   * Adds a chunk, which belongs to the queue from now on; after the end, or when everything is
   * dropped, it is ignored.
   *
   * @throws {ReceiveBufferFullError} If more would wait than may; nothing is added then.
   * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
   */
  put(chunk: Uint8Array): void {
    if (this.#isDropping || this.hasEnded) return;
    const size = this.size + chunk.length;
    if (size > this.#limit) throw new ReceiveBufferFullError(size, this.#limit);
    this.#buffer.append(chunk);
    this.#onPut?.();
  }

  /**
   * Nothing more comes. Chunks that wait can still be taken; with an error, reading fails with it
   * afterwards. The first end counts.
   */
  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#onPut?.();
  }

  /** Drops all waiting and later chunks: there is no reader any more. */
  drop(): void {
    this.#isDropping = true;
    this.#buffer.clear();
    this.#release();
    for (const resolve of this.#onStarved.splice(0)) resolve();
  }

  /** Drops everything and ends. */
  abandon(): void {
    this.drop();
    this.end();
  }

  /** Nothing if fewer than `size` bytes wait; else a promise that resolves when that is so. */
  below(size: number): void | Promise<void> {
    if (this.size < size) return;
    return new Promise((resolve) => this.#waiters.push({ size, resolve }));
  }

  /** Nothing if all was taken; else a promise that resolves when it is. */
  drained(): void | Promise<void> {
    return this.below(1);
  }

  /**
   * Resolves when the reader has taken all chunks and asks for more, or when there is no reader any
   * more.
   */
  starved(): Promise<void> {
    if (this.#isDropping || (this.#onPut !== null && this.size === 0)) return Promise.resolve();
    return new Promise((resolve) => this.#onStarved.push(resolve));
  }

  async next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    while (this.size === 0) {
      if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error;
        return { done: true, value: undefined };
      }
      const put = new Promise<void>((resolve) => this.#onPut = resolve);
      for (const resolve of this.#onStarved.splice(0)) resolve();
      await put;
      this.#onPut = null;
    }
    const value = this.#take(target?.length);
    this.#onTaken(value.length);
    this.#release();
    return { done: false, value };
  }

  /** The first chunk, joined with those after it while that is little. */
  #take(most: number = Infinity): Bytes {
    const first = this.#buffer.chunkLength;
    if (first >= SMALL || first === this.size) return this.#buffer.takeChunk(most);
    return this.#buffer.take(Math.min(this.size, SMALL, most));
  }

  #release(): void {
    if (this.#waiters.length === 0) return;
    const released = this.#waiters.filter(({ size }) => this.size < size);
    this.#waiters = this.#waiters.filter(({ size }) => this.size >= size);
    for (const { resolve } of released) resolve();
  }
}
