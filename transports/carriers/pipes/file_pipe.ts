import { ReaderSource } from "../../core/read/read_buffer.ts";
import type { PipeInput, PipeOutput } from "./pipe_carrier.ts";

/**
 * The most that is handed to one write, in bytes: what a FIFO holds. A write that waits for the
 * reader cannot be withdrawn, so it is no more than that.
 */
const MAX_WRITE = 65_536;

/** A file or FIFO that was opened for reading. */
export class FileInput extends ReaderSource implements PipeInput {
  readonly #file: Deno.FsFile;

  /** Owns the file. */
  constructor(file: Deno.FsFile) {
    super(file);
    this.#file = file;
  }

  /** A read that waits ends at once, with an error that is dropped. */
  release(): void {
    this.#file.close();
  }
}

/**
 * A file or FIFO that was opened for writing. Never `file.writable`: that holds back up to 64 KiB.
 */
export class FileOutput implements PipeOutput {
  readonly #file: Deno.FsFile;
  #isEnded = false;

  /** Owns the file. */
  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#file.write(bytes.length > MAX_WRITE ? bytes.subarray(0, MAX_WRITE) : bytes);
  }

  // deno-lint-ignore require-await -- a promise, as PipeOutput says
  async end(): Promise<void> {
    this.release();
  }

  release(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#file.close();
  }
}

/** This program's own stdout or stderr. It ends with the program, not before. */
export class StandardOutput implements PipeOutput {
  readonly #output: typeof Deno.stdout;

  /** Writes to `output`. */
  constructor(output: typeof Deno.stdout) {
    this.#output = output;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#output.write(bytes);
  }

  release(): void {}
}
