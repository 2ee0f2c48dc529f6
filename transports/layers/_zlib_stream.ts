import type { Transform } from "node:stream";
import type { Bytes } from "../../protocols/bytes.ts";

/** With this much output that was not taken, in bytes, the stream is paused until it is. */
const HIGH_WATER = 262_144;

/** The members of a stream of node:zlib beside those of a transform. */
export type Zlib = Transform & {
  /** How many bytes of the input it has used. */
  readonly bytesWritten: number;
};

/** A stream of node:zlib, one chunk in at a time, and what comes of it as it comes. */
export class ZlibStream {
  readonly #stream: Zlib;
  readonly #onOutput: (bytes: number) => void;
  readonly #output: Bytes[] = [];
  #outputSize = 0;
  #failure: { readonly error: unknown } | null = null;
  #isDone = true;
  #wake: (() => void) | null = null;

  /** Owns the stream; `onOutput` gets each piece, and may throw to end it. */
  constructor(stream: Zlib, onOutput: (bytes: number) => void = () => {}) {
    this.#stream = stream;
    this.#onOutput = onOutput;
    stream.on("data", (piece: Uint8Array<ArrayBuffer>) => this.#take(piece));
    stream.on("error", (error: unknown) => this.#fail(error));
    stream.on("end", () => this.#finish());
  }

  /** How many bytes of the input it has used. */
  get used(): number {
    return this.#stream.bytesWritten;
  }

  /** Puts in a chunk; the next may follow when this has ended. */
  write(chunk: Bytes): AsyncGenerator<Bytes> {
    return this.#drive(() => this.#stream.write(chunk, () => this.#finish()));
  }

  /** Ends the input. */
  end(): AsyncGenerator<Bytes> {
    return this.#drive(() => this.#stream.end());
  }

  /** Releases everything; what is under way throws. */
  destroy(): void {
    this.#fail(new Error("The stream was closed"));
  }

  async *#drive(start: () => void): AsyncGenerator<Bytes> {
    this.#isDone = false;
    start();
    for (;;) {
      const piece = this.#output.shift();
      if (piece !== undefined) {
        this.#outputSize -= piece.length;
        yield piece;
        if (this.#output.length === 0 && this.#stream.isPaused()) this.#stream.resume();
      } else if (this.#failure !== null) throw this.#failure.error;
      else if (this.#isDone && this.#stream.readableLength === 0) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #take(piece: Uint8Array<ArrayBuffer>): void {
    if (this.#failure !== null) return;
    try {
      this.#onOutput(piece.length);
    } catch (error) {
      return this.#fail(error);
    }
    // Not as the Buffer that it is: its slice() is another one's.
    this.#output.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.length));
    this.#outputSize += piece.length;
    if (this.#outputSize >= HIGH_WATER) this.#stream.pause();
    this.#wake?.();
  }

  #finish(): void {
    this.#isDone = true;
    this.#wake?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stream.destroy();
    this.#wake?.();
  }
}
