import type { Bytes } from "../../../protocols/bytes.ts";
import type { CaptureWriter } from "./_capture_queue.ts";

/** A file, opened when the first bytes come. */
export class FileWriter implements CaptureWriter {
  readonly givesBack = true;
  readonly #path: string | URL;
  #file: Deno.FsFile | null = null;

  /** Begins with the first {@linkcode write}; an existing file is overwritten. */
  constructor(path: string | URL) {
    this.#path = path;
  }

  async write(bytes: Bytes): Promise<void> {
    this.#file ??= await Deno.open(this.#path, { write: true, create: true, truncate: true });
    try {
      for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
    } catch (error) {
      // Nothing more will be written, and close() is not called after a failure.
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
