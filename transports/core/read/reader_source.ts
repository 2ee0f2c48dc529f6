import type { Bytes } from "../../../protocols/bytes.ts";
import type { ByteSource } from "../carrier.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** What can read into a buffer: a socket, a file. */
export interface Reader {
  /** Reads at least one byte; resolves to how many, or to `null` at the end. */
  read(target: Uint8Array): Promise<number | null>;
}

/** The bytes that a socket or a file gives. */
export class ReaderSource implements ByteSource {
  readonly #reader: Reader;
  readonly #buffer = new ReadBuffer();
  #target: Uint8Array | undefined;

  /** Reads from `reader`, and leaves closing it to the caller. */
  constructor(reader: Reader) {
    this.#reader = reader;
  }

  next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    this.#target = target;
    return this.#reader.read(target ?? this.#buffer.target).then(this.#onRead);
  }

  // Made once: it is handed to every read.
  readonly #onRead = (n: number | null): IteratorResult<Bytes, void> => {
    if (n === null) return { done: true, value: undefined };
    // Lent buffers are over a plain ArrayBuffer: Deno refuses to read into shared memory.
    const value = this.#target?.subarray(0, n) as Bytes | undefined ?? this.#buffer.take(n);
    return { done: false, value };
  };
}
