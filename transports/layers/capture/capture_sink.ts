import type { Bytes } from "../../../protocols/bytes.ts";
import { show } from "../../../protocols/option_checks.ts";
import type { CaptureWriter } from "./_capture_queue.ts";

/**
 * Where a capture goes: a path, a stream, or a function that takes the bytes of the file one piece
 * after the other; it may return a promise, for which the next piece waits. A path costs least:
 * memory is used again when it is written, while streams and functions may keep what they get.
 */
export type CaptureSink =
  | string
  | URL
  | WritableStream<Bytes>
  | ((bytes: Bytes) => unknown);

/**
 * Refuses what is no sink.
 *
 * @throws {TypeError} If it is none.
 */
export function checkSink(sink: unknown): asserts sink is CaptureSink {
  const isSink = typeof sink === "function" || sink instanceof WritableStream ||
    sink instanceof URL || (typeof sink === "string" && sink !== "");
  if (isSink) return;
  throw new TypeError(`Cannot capture: ${show(sink)} is not a path, a stream or a function`);
}

/** Opens a sink. */
export function toWriter(sink: CaptureSink): CaptureWriter {
  if (typeof sink === "function") return { write: sink, close: () => {} };
  if (sink instanceof WritableStream) return sink.getWriter();
  return new FileWriter(sink);
}

/** A file, opened when the first bytes come. */
class FileWriter implements CaptureWriter {
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
