import { type Bytes, joinBytes } from "../../../protocols/bytes.ts";
import type { ByteSource } from "../carrier.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** What can read into a buffer: a socket, a file. */
export interface Reader {
  /** Reads at least one byte; resolves to how many, or to `null` at the end. */
  read(target: Uint8Array): Promise<number | null>;
}

/** A read whose bytes are there already settles within so many microtasks: measured, with two to spare. */
const AT_HAND = 4;

/**
 * The bytes that a socket or a file gives. A read that fills its memory is followed by another one
 * at once, so that a message that came in one piece stays in one piece although an idle connection
 * holds little memory.
 */
export class ReaderSource implements ByteSource {
  readonly #reader: Reader;
  readonly #buffer = new ReadBuffer();
  #target: Uint8Array | undefined;
  // A read into the buffer that had nothing to give yet.
  #pending: Promise<number | null> | null = null;

  /** Reads from `reader`, and leaves closing it to the caller. */
  constructor(reader: Reader) {
    this.#reader = reader;
  }

  next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
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
    const value = this.#buffer.take(n);
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
