/** How many bytes may wait in the stream itself, before the transport's own queue. */
const HIGH_WATER = 65_536;

/** Where a {@linkcode ByteWritable} puts its bytes. */
export interface ByteWritableSink {
  /** Queues bytes; resolves when more may follow. */
  send(chunk: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Ends the direction; resolves when everything is sent. */
  end(): Promise<void>;
  /** Gives the connection up. */
  abort(reason: unknown): void;
  /** Resolves when nothing can be sent any more, to the reason. */
  readonly lost: Promise<Error>;
}

/**
 * A Web stream in front of a transport's write queue: a write counts as done when the queue is below its
 * high mark. It fails by itself as soon as the connection is lost.
 */
export class ByteWritable extends WritableStream<Uint8Array> {
  readonly #sink: ByteWritableSink;

  /** A stream into `sink`. */
  constructor(sink: ByteWritableSink) {
    super({
      start: (controller) => void sink.lost.then((reason) => controller.error(reason)),
      write: (chunk) => sink.send(chunk),
      close: () => sink.end(),
      abort: (reason) => sink.abort(reason),
    }, { highWaterMark: HIGH_WATER, size: (chunk) => chunk?.byteLength ?? 0 });
    this.#sink = sink;
  }

  /** Writes past the stream's own queue, for whoever holds its lock and has nothing in it. */
  send(chunk: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#sink.send(chunk, signal);
  }
}
