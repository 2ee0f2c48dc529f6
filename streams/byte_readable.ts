import type { Bytes } from "../protocols/contract.ts";
import { ByteWritable } from "./byte_writable.ts";

/** Where a {@linkcode ByteReadable} has its bytes from. */
export interface ByteReadableSource {
  /**
   * Waits for bytes as long as `isHeld` says that somebody wants them.
   *
   * @returns Whether there is a byte to take; if not, the data has ended or nobody wants it.
   */
  wait(isHeld: () => boolean, signal?: AbortSignal): Promise<boolean>;
  /** Takes the first chunk that is buffered. */
  take(): Bytes;
  /** Takes what fits. */
  takeInto(target: Uint8Array): number;
  /** Drops what is buffered and what still comes. */
  discard(): void;
}

/**
 * A Web byte stream that reads nothing ahead: bytes leave the buffer behind it only when
 * somebody asks, so the buffer may be read in other ways in between.
 *
 * Piping into a {@linkcode ByteWritable} hands the chunks on directly, as the same pipe in two lines;
 * locks, options and outcomes are those of any `pipeTo`.
 */
export class ByteReadable extends ReadableStream<Bytes> {
  readonly #source: ByteReadableSource;

  /** A stream over `source`. */
  constructor(source: ByteReadableSource) {
    super({
      type: "bytes",
      // What a stream of bytes is given; the types of the base class do not tell.
      pull: (controller) => this.#pull(controller as ReadableByteStreamController),
      cancel: () => source.discard(),
    }, { highWaterMark: 0 });
    this.#source = source;
  }

  /** As any stream's. */
  override pipeTo(
    destination: WritableStream<Bytes>,
    options: StreamPipeOptions = {},
  ): Promise<void> {
    const isDirect = destination instanceof ByteWritable && !this.locked && !destination.locked;
    return isDirect ? this.#pipe(destination, options) : super.pipeTo(destination, options);
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    const isThere = await this.#source.wait(() => this.locked);
    const request = controller.byobRequest;
    if (!isThere) {
      // Whoever asked has released the lock: the bytes are for the next one to ask.
      if (!this.locked) return;
      controller.close();
      return request?.respond(0);
    }
    const view = request?.view;
    if (view) {
      request.respond(
        this.#source.takeInto(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)),
      );
    } else controller.enqueue(detachable(this.#source.take()));
  }

  async #pipe(destination: ByteWritable, options: StreamPipeOptions): Promise<void> {
    const { preventClose, preventAbort, preventCancel, signal } = options;
    const reader = this.getReader();
    const writer = destination.getWriter();
    let side: "source" | "destination" = "source";
    try {
      while (await this.#source.wait(() => true, signal)) {
        side = "destination";
        await destination.send(this.#source.take(), signal);
        side = "source";
      }
      side = "destination";
      // A stream that failed by itself has a better reason than that it cannot be closed.
      if (!preventClose) await writer.close().catch(() => writer.closed);
    } catch (error) {
      const wasAborted = signal?.aborted ?? false;
      if ((side === "source" || wasAborted) && !preventAbort) await ignore(writer.abort(error));
      if ((side === "destination" || wasAborted) && !preventCancel) {
        await ignore(reader.cancel(error));
      }
      throw error;
    } finally {
      reader.releaseLock();
      writer.releaseLock();
    }
  }
}

async function ignore(settled: Promise<void>): Promise<void> {
  await settled.catch(() => {});
}

/** A byte stream takes the memory of what it is given away from everybody: give it memory of its own. */
function detachable(chunk: Bytes): Bytes {
  const isAlone = chunk.byteOffset === 0 && 2 * chunk.length >= chunk.buffer.byteLength;
  return isAlone ? chunk : chunk.slice();
}
