import { copyOf } from "../../protocols/bytes.ts";
import type { WriteOptions } from "../../protocols/contract.ts";
import { COPY_LIMIT } from "../../transports/core/write/write_queue.ts";

/** How many bytes may wait in the stream itself, before the transport's own queue. */
const HIGH_WATER = 65_536;

/** Where a {@linkcode ByteWritable} puts its bytes. */
interface ByteWritableSink {
  /** Queues bytes, of which the memory may be given away; resolves when more may follow. */
  send(chunk: Uint8Array, options?: WriteOptions, signal?: AbortSignal): Promise<void>;
  /** Ends the direction; resolves when everything is sent. */
  end(): Promise<void>;
  /** Gives the connection up. */
  abort(reason: unknown): void;
  /** Resolves when nothing can be sent any more, to the reason. */
  readonly lost: Promise<Error>;
}

/** Those that there are, by their streams. */
const made = new WeakMap<WritableStream, ByteWritable>();

/**
 * A Web stream in front of a transport's write queue: a write counts as done when the queue is
 * below its high mark, and its memory may be used again then. It fails by itself as soon as the
 * connection is lost.
 *
 * It has a stream instead of being one: to extend the class of Deno would load the Web streams at
 * the start of every program, which costs 2 ms and 1 MiB.
 */
export class ByteWritable {
  /** The stream that users get. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #sink: ByteWritableSink;
  readonly #controller: WritableStreamDefaultController;
  #isEnding = false;

  /** A stream into `sink`. */
  constructor(sink: ByteWritableSink) {
    // Filled in by start(), which is called before the constructor returns.
    const started = {} as { controller: WritableStreamDefaultController };
    this.stream = new WritableStream({
      start: (controller) => {
        started.controller = controller;
        void sink.lost.then((reason) => controller.error(reason));
      },
      write: (chunk) => sink.send(reusable(chunk)),
      close: () => {
        this.#isEnding = true;
        return sink.end();
      },
      abort: (reason) => sink.abort(reason),
    }, { highWaterMark: HIGH_WATER, size: (chunk) => chunk?.byteLength ?? 0 });
    this.#sink = sink;
    this.#controller = started.controller;
    made.set(this.stream, this);
  }

  /** The one that has made `stream`, if one has. */
  static of(stream: WritableStream): ByteWritable | undefined {
    return made.get(stream);
  }

  /** Whether closing has begun. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /**
   * A writer for {@linkcode send}, if the stream is free, open and has nothing in its own queue.
   */
  lockIdle(): WritableStreamDefaultWriter<Uint8Array> | null {
    if (this.stream.locked || this.#isEnding) return null;
    const writer = this.stream.getWriter();
    if (writer.desiredSize === HIGH_WATER) return writer;
    writer.releaseLock();
    return null;
  }

  /**
   * Writes past the stream's own queue, for the holder of {@linkcode lockIdle}'s writer. The memory
   * of the chunk is given away.
   */
  send(chunk: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#sink.send(chunk, { transfer: true }, signal);
  }

  /** Has the stream fail, as a write does that fails. */
  error(reason: unknown): void {
    this.#controller.error(reason);
  }
}

/** A chunk that the transport would send without copying, copied out of the writer's memory. */
function reusable(chunk: Uint8Array): Uint8Array {
  return chunk instanceof Uint8Array && chunk.length > COPY_LIMIT ? copyOf(chunk) : chunk;
}
