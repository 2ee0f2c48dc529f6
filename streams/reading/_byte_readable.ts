/**
 * Why this file is not a plain `new ReadableStream`. The reader and the Web stream of a connection
 * may take turns, so no byte may be inside the stream while no read is pending. The platform makes
 * that hard at three points, and each has its answer here. All of it is in the Streams Standard;
 * nothing depends on how Deno implements it.
 *
 * 1. The source of a byte stream is asked to `pull()`, but not told how much a read wants, nor that
 * the read was given up. So the reads of each reader are noted (see `_read_requests.ts`):
 * `getReader` of the stream, `read` and `releaseLock` of the reader are wrapped, which users cannot
 * see. 2. A reader that is released with a BYOB read pending leaves its memory with the controller,
 * which goes on offering it and asks for nothing on behalf of the next reader. Only `enqueue()`
 * makes it forget that memory (ReadableByteStreamControllerEnqueue, the reader type "none"), so a
 * byte is put in and taken out again at once. 3. `pipeTo()` reads ahead of what the destination
 * takes. Between two streams of this library it is done by hand, with the same locks, options and
 * outcomes.
 *
 * @module
 */
import type { Bytes } from "../../protocols/bytes.ts";
import { ByteWritable } from "../writing/byte_writable.ts";
import type { ReadState } from "./_read_state.ts";
import { ANYTHING, override, type ReadRequest, ReadRequests } from "./_read_requests.ts";

/**
 * A Web byte stream that reads nothing ahead: bytes leave its buffer only when a reader asks
 * for them, and no more than it asked for, so the buffer may be read in other ways in between.
 *
 * Piping into a {@linkcode ByteWritable} hands the chunks on directly, as the same pipe in two
 * lines; locks, options and outcomes are those of any `pipeTo`.
 *
 * It has a stream instead of being one, as {@linkcode ByteWritable} says.
 */
export class ByteReadable {
  /** The stream that users get. */
  readonly stream: ReadableStream<Bytes>;
  readonly #getReader: ReadableStream<Bytes>["getReader"];
  readonly #pipeTo: ReadableStream<Bytes>["pipeTo"];
  readonly #state: ReadState;
  readonly #controller: ReadableByteStreamController;
  // The pending reads of the lock's holder; null if the lock was not taken by getReader().
  #requests: ReadRequests | null = null;
  #isOver = false;
  // While bytes are being given back to the stream.
  #returning: Promise<void> | null = null;

  /** A stream of the bytes of a reader; `onDiscard` is told when it is cancelled. */
  constructor(state: ReadState, onDiscard: () => void) {
    // Filled in by start(), which is called before the constructor returns.
    const started = {} as { controller: ReadableByteStreamController };
    this.stream = new ReadableStream({
      type: "bytes",
      start: (controller) => void (started.controller = controller),
      pull: () => this.#pull(),
      cancel: () => {
        this.#isOver = true;
        state.discard();
        onDiscard();
      },
    }, { highWaterMark: 0 });
    this.#state = state;
    this.#controller = started.controller;
    this.#getReader = this.stream.getReader.bind(this.stream);
    this.#pipeTo = this.stream.pipeTo.bind(this.stream);
    const getReader = (options?: ReadableStreamGetReaderOptions) => this.#lock(options);
    override(this.stream, {
      getReader: getReader as ReadableStream<Bytes>["getReader"],
      pipeTo: (destination, options) => this.#pipeInto(destination, options),
    });
  }

  /** `getReader()` of the stream. */
  #lock(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<Bytes> {
    this.#forgetMemory();
    const reader = this.#getReader(options);
    const requests = new ReadRequests();
    requests.watch(reader);
    this.#requests = requests;
    // The last holder of the lock may have left a read pending.
    this.#state.serve();
    const release = reader.releaseLock.bind(reader);
    const releaseLock = (): void => {
      release();
      if (this.#requests !== requests) return;
      this.#requests = null;
      this.#state.serve();
      this.#forgetMemory();
    };
    override<{ releaseLock(): void }>(reader, { releaseLock });
    return reader;
  }

  /** `pipeTo()` of the stream. */
  #pipeInto(destination: WritableStream<Bytes>, options?: StreamPipeOptions): Promise<void> {
    // Bytes inside the stream come before those of the source.
    const isPlain = !this.stream.locked && this.#controller.desiredSize === 0;
    const ours = isPlain ? ByteWritable.of(destination) : undefined;
    const writer = ours?.lockIdle();
    if (ours && writer) return this.#pipe(ours, writer, options ?? {});
    return this.#pipeTo(destination, options);
  }

  async #pull(): Promise<void> {
    // To give them back asks for more, if that is not enough.
    if (this.#returning !== null) return await this.#returning;
    const request = this.#request();
    if (request === null) return;
    const isWanted = () => this.#request() === request;
    const available = await this.#wait(request.least, isWanted);
    // The next read calls this again.
    if (available === null || !isWanted()) return this.#forgetMemory();
    // Another read has taken some in the meantime.
    if (this.#state.buffer.length < available) return await this.#pull();
    if (available > 0) this.#give(request, available);
    // The end came before all that was asked for. At once: a read that is given up now would take
    // what it has with it.
    if (available < request.least) this.#end();
  }

  /**
   * Waits for `least` bytes or the end, as long as `isWanted` says so.
   *
   * @returns How many bytes can be taken: fewer than `least` if the data has ended; `null` if they
   * are not wanted.
   */
  #wait(least: number, isWanted: () => boolean, signal?: AbortSignal): Promise<number | null> {
    const { buffer } = this.#state;
    const look = () =>
      !isWanted()
        ? null
        : buffer.length >= least || this.#state.isEnded
        ? buffer.length
        : undefined;
    return this.#state.read<number | null>(signal, look, isWanted);
  }

  /** Takes the first chunk, with a buffer of its own: the stream transfers it. */
  #takeChunk(): Bytes {
    return this.#state.consume(this.#state.buffer.takeChunk());
  }

  #takeInto(target: Uint8Array): number {
    return this.#state.consume(this.#state.buffer.takeInto(target));
  }

  /** The wait of the holder of the lock; `null` if there is none, or it waits for nothing. */
  #request(): ReadRequest | null {
    if (!this.stream.locked) return null;
    return this.#requests === null ? ANYTHING : this.#requests.first;
  }

  /** Passes bytes on. */
  #give({ least, unit }: ReadRequest, available: number): void {
    const offered = this.#controller.byobRequest;
    if (!offered?.view) return this.#controller.enqueue(this.#takeChunk());
    const { buffer, byteOffset, byteLength } = offered.view;
    const fits = Math.min(available, byteLength);
    // The memory may be that of a reader before, of which only the platform knew.
    if (this.#requests === null) {
      const chunk = new Uint8Array(fits);
      this.#takeInto(chunk);
      return this.#controller.enqueue(chunk);
    }
    const n = available < least ? fits : fits - fits % unit;
    offered.respond(this.#takeInto(new Uint8Array(buffer, byteOffset, n)));
  }

  /**
   * The controller would go on offering the memory of a reader that was released, and ask for
   * nothing on behalf of the next one. A byte makes it forget that; it is taken out again.
   */
  #forgetMemory(): void {
    if (this.#isOver || this.stream.locked || this.#controller.byobRequest === null) return;
    this.#controller.enqueue(new Uint8Array(1));
    const reader = this.#getReader();
    if (Number(this.#controller.desiredSize) < -1) this.#returning = this.#giveBack(reader.read());
    void reader.read();
    reader.releaseLock();
  }

  /** The memory held a part of what a read asked for: the next one gets it. */
  async #giveBack(reading: Promise<ReadableStreamReadResult<Bytes>>): Promise<void> {
    const { value } = await reading;
    this.#returning = null;
    if (value !== undefined && !this.#isOver) this.#controller.enqueue(value);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
    this.#controller.byobRequest?.respond(0);
  }

  async #pipe(
    destination: ByteWritable,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    options: StreamPipeOptions,
  ): Promise<void> {
    const { preventClose, preventAbort, preventCancel, signal } = options;
    // Asks for nothing itself: what a pipe before was waiting for is not wanted any more.
    const reader = this.#lock();
    // A stream that was just made hears only now that it is being closed.
    await null;
    if (destination.isEnding) {
      reader.releaseLock();
      writer.releaseLock();
      return await this.#pipeTo(destination.stream, options);
    }
    let side: "source" | "destination" = "source";
    let isOpen = true;
    writer.closed.catch(() => {
      isOpen = false;
      this.#state.serve();
    });
    try {
      while (await this.#wait(1, () => isOpen, signal)) {
        signal?.throwIfAborted();
        side = "destination";
        await destination.send(this.#takeChunk(), signal);
        side = "source";
      }
      if (isOpen) this.#end();
      side = "destination";
      // Fails if it was not open any more.
      await writer.ready;
      // A stream that failed meanwhile has a better reason than that it cannot be closed.
      if (!preventClose) await writer.close().catch(() => writer.closed);
    } catch (error) {
      const wasAborted = signal?.aborted ?? false;
      if (!wasAborted) (side === "source" ? this.#controller : destination).error(error);
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
