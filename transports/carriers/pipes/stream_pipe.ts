import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { PipeInput, PipeOutput } from "./pipe_carrier.ts";

/** The size of the first read, in bytes: many children print only a line. */
const SMALLEST = 4096;
/** The capacity of a pipe, in bytes: a read never gives more. */
const LARGEST = 65_536;
/** The most that is handed to one write, in bytes, so that the queue is seen to shrink. */
const MAX_WRITE = 262_144;

/** A Web byte stream of Deno's: its own stdin, the output of a process. */
export class StreamInput implements PipeInput {
  readonly #reader: ReadableStreamBYOBReader;
  #size = SMALLEST;
  #memory: ArrayBuffer | null = null;

  /** Locks the stream. */
  constructor(readable: ReadableStream<Bytes>) {
    this.#reader = readable.getReader({ mode: "byob" });
  }

  async next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    const memory = this.#memory ?? new ArrayBuffer(this.#size);
    // Detached by the read; what comes back is the same memory under another name.
    this.#memory = null;
    const size = Math.min(memory.byteLength, target?.length ?? LARGEST);
    const { done, value } = await this.#reader.read(new Uint8Array(memory, 0, size));
    if (done) return { done, value: undefined };
    if (value.length === this.#size) this.#size = Math.min(4 * this.#size, LARGEST);
    if (target !== undefined) {
      target.set(value);
      this.#keep(value.buffer);
      // Lent buffers are over a plain ArrayBuffer.
      return { done: false, value: target.subarray(0, value.length) as Bytes };
    }
    const isFull = value.length === value.buffer.byteLength;
    // A full block is given away; of any other the bytes are copied, and it is read into again.
    const chunk = isFull ? value : copyOf(value);
    if (!isFull) this.#keep(value.buffer);
    return { done: false, value: chunk };
  }

  release(): void {
    this.#reader.cancel().catch(() => {});
  }

  #keep(memory: ArrayBuffer): void {
    if (memory.byteLength === this.#size) this.#memory = memory;
  }
}

/** A Web stream of Deno's that bytes go to: the stdin of a process. */
export class StreamOutput implements PipeOutput {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #isEnded = false;

  /** Locks the stream. */
  constructor(writable: WritableStream<Uint8Array>) {
    this.#writer = writable.getWriter();
    // Failures are seen by the next write; without this they would count as unhandled.
    this.#writer.closed.catch(() => {});
  }

  async write(bytes: Uint8Array): Promise<number> {
    const part = bytes.length > MAX_WRITE ? bytes.subarray(0, MAX_WRITE) : bytes;
    // Resolves when all of it is in the pipe, so the memory is free again.
    await this.#writer.write(part);
    return part.length;
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    // A reader that is gone needs no end of the data.
    await this.#writer.close().catch(() => {});
  }

  release(): void {
    if (!this.#isEnded) this.#writer.abort().catch(() => {});
  }
}
