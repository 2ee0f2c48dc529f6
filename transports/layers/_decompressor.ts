import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import { DecompressionLimitError } from "../../protocols/errors.ts";
import { type Zlib, ZlibStream } from "./_zlib_stream.ts";

/** How much of the input is kept, in bytes, to find what came before a fault in it. */
const MAX_HISTORY = 65_536;
/** The size of the pieces in which a longer input is put in, in bytes. */
const PIECE = 4096;
/** The sizes of the pieces in which the place of a fault is looked for, in bytes. */
const STEPS: readonly number[] = [1024, 32, 1];

/** How a format is decompressed. */
export interface CompressedFormat {
  /** Makes a stream of the format. */
  decompress(): Zlib;
  /** Makes what cuts the input of a stream into the pieces that are put in, if it has to be cut. */
  makeCutter?(): { cut(chunk: Bytes): Iterable<Bytes> };
  /**
   * Whether streams of the format may follow each other in one input, and the decompressor does not
   * go on by itself.
   */
  readonly isRepeated?: boolean;
}

/**
 * Decompresses what comes in any pieces, with a result that does not depend on the pieces.
 *
 * node:zlib loses what a call has produced before it meets a fault, so what comes out would depend
 * on how much was put in with the fault. The input is therefore kept as long as it is short. When
 * it turns out to be faulty, the place of the fault is looked for with streams of their own, and
 * what comes before it is given before the fault is thrown. Of an input of more than 64 KiB only
 * what the last 4 KiB before the fault would give may be missing.
 */
export class Decompressor {
  readonly #format: CompressedFormat;
  readonly #onOutput: (bytes: number) => void;
  readonly #streams: Streams;
  // Null once it was too long to be kept.
  #history: Bytes[] | null = [];
  #received = 0;
  #given = 0;

  /**
   * Starts at the beginning of a stream.
   *
   * @param onOutput Told how many bytes each piece has that it gives; may throw to end it.
   */
  constructor(format: CompressedFormat, onOutput: (bytes: number) => void) {
    this.#format = format;
    this.#onOutput = onOutput;
    this.#streams = new Streams(format, onOutput);
  }

  /** How many bytes of the input it has used. */
  get used(): number {
    return this.#streams.used;
  }

  /** Puts in a chunk; the next may follow when this has ended. */
  async *write(chunk: Bytes): AsyncGenerator<Bytes> {
    this.#received += chunk.length;
    if (this.#received > MAX_HISTORY) this.#history = null;
    this.#history?.push(chunk);
    const size = this.#history === null ? PIECE : chunk.length;
    const before = this.#received - chunk.length;
    try {
      for (let at = 0; at < chunk.length; at += size) {
        // The caller refuses bytes after the end of the format.
        if (this.used < before + at) return;
        for await (const output of this.#streams.write(chunk.subarray(at, at + size))) {
          this.#given += output.length;
          yield output;
        }
      }
    } catch (error) {
      const isFault = !(error instanceof DecompressionLimitError);
      if (isFault && this.#history !== null) yield* this.#salvage(joinBytes(this.#history));
      throw error;
    }
  }

  /** Releases everything; what is under way throws. */
  destroy(): void {
    this.#history = null;
    this.#streams.destroy();
  }

  /** Gives what a faulty input makes before its fault and was not given yet. */
  async *#salvage(input: Bytes): AsyncGenerator<Bytes> {
    let good = 0;
    for (const step of STEPS) good = await this.#findFault(input, good, step);
    const streams = new Streams(this.#format);
    let skipped = 0;
    for await (const output of streams.write(input.subarray(0, good))) {
      const start = Math.min(output.length, this.#given - skipped);
      skipped += start;
      if (start === output.length) continue;
      this.#onOutput(output.length - start);
      yield output.subarray(start);
    }
    streams.destroy();
  }

  /**
   * How far an input can be decompressed in steps of a size, of which the first `good` bytes can.
   */
  async #findFault(input: Bytes, good: number, step: number): Promise<number> {
    const streams = new Streams(this.#format);
    let end = good;
    try {
      for await (const _ of streams.write(input.subarray(0, good)));
      for (; end < input.length; end += step) {
        for await (const _ of streams.write(input.subarray(end, end + step)));
      }
    } catch {
      // It is in the piece that begins at `end`.
    }
    streams.destroy();
    return Math.min(end, input.length);
  }
}

/**
 * The streams of an input, one after the other: a stream takes nothing more once it saw its end.
 */
class Streams {
  readonly #format: CompressedFormat;
  readonly #onOutput: ((bytes: number) => void) | undefined;
  readonly #cutter: { cut(chunk: Bytes): Iterable<Bytes> } | undefined;
  #stream: ZlibStream;
  #usedBefore = 0;

  constructor(format: CompressedFormat, onOutput?: (bytes: number) => void) {
    this.#format = format;
    this.#onOutput = onOutput;
    this.#cutter = format.makeCutter?.();
    this.#stream = new ZlibStream(format.decompress(), onOutput);
  }

  get used(): number {
    return this.#usedBefore + this.#stream.used;
  }

  async *write(chunk: Bytes): AsyncGenerator<Bytes> {
    for (const piece of this.#cutter?.cut(chunk) ?? [chunk]) yield* this.#writePiece(piece);
  }

  async *#writePiece(piece: Bytes): AsyncGenerator<Bytes> {
    for (let rest = piece;;) {
      const before = this.#stream.used;
      yield* this.#stream.write(rest);
      const used = this.#stream.used - before;
      if (!this.#format.isRepeated || used === rest.length || used === 0) return;
      rest = rest.subarray(used);
      this.#usedBefore = this.used;
      this.#stream.destroy();
      this.#stream = new ZlibStream(this.#format.decompress(), this.#onOutput);
    }
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
