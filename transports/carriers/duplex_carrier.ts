import type { Duplex } from "node:stream";
import { copyOf } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import { CarrierMessageError } from "../../protocols/errors.ts";
import { show } from "../../protocols/option_checks.ts";
import type { Carrier } from "../core/carrier.ts";
import { startTimer } from "../core/clock.ts";
import { fromNodeError } from "../core/os_error.ts";
import { ChunkQueue } from "../core/read/chunk_queue.ts";

/** The most that is handed to one write, in bytes, so that the queue is seen to shrink. */
const MAX_WRITE = 262_144;
/** While this much waits to be read, in bytes, the stream is paused. */
const HIGH_WATER = 65_536;
/**
 * How long a stream that was ended in good order may take to pass on what it holds, in milliseconds
 * from then on.
 */
const LINGER_MS = 5000;

/** A stream of Node's, as far as its own methods tell how to close it. */
interface ClosableStream extends Duplex {
  /** Sockets have it: destroys once everything was passed on. */
  destroySoon?(): void;
}

/** A stream of Node's that goes both ways, as a {@linkcode Carrier}. */
export class DuplexCarrier implements Carrier {
  readonly source: ChunkQueue;
  readonly #stream: ClosableStream;
  readonly #facts: ReadonlyMap<string, unknown>;
  #pending: PromiseWithResolvers<void> | null = null;
  #ending: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;
  #isPaused = false;
  // Streams of others may say that they are closed and not count as destroyed.
  #isClosed = false;

  /**
   * Owns the stream from now on, and reads.
   *
   * @param stream The stream, open.
   * @param maxReadBuffer How much may wait to be read: a stream may give more although it is
   * paused.
   * @param facts What `getExtraInfo` knows.
   */
  constructor(stream: Duplex, maxReadBuffer: number, facts: ReadonlyMap<string, unknown>) {
    this.#stream = stream;
    this.#facts = facts;
    this.source = new ChunkQueue({ limit: maxReadBuffer, onTaken: () => this.#readOn() });
    // The end of the data ends one direction only.
    stream.allowHalfOpen = true;
    stream.on("data", (chunk: unknown) => this.#receive(chunk));
    stream.on("end", () => this.source.end());
    stream.on("error", (error) => this.#fail(fromNodeError(error)));
    stream.on("close", () => this.#onClose());
    if (stream.readableEnded) this.source.end();
    // A stream that was paused before does not flow because it has a listener.
    stream.resume();
  }

  write(bytes: Uint8Array): Promise<number> {
    // The stream may keep the chunk when it says that it is done, and the transport's buffers are
    // used again.
    const part = copyOf(bytes, 0, MAX_WRITE);
    return this.#call((done) => void this.#stream.write(part, done)).then(() => part.length);
  }

  closeWrite(): Promise<void> {
    return this.#ending ??= this.#stream.writableEnded
      ? Promise.resolve()
      : this.#call((done) => void this.#stream.end(done));
  }

  finish(): Promise<void> {
    // Bytes that still come are dropped, so that a stream of which both ends are one is not held
    // up.
    this.source.drop();
    this.#stream.resume();
    return this.closeWrite();
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.source.abandon();
    this.#fail(new Deno.errors.Interrupted("the stream was given up"));
    const isOrderly = endedBy !== "abort" && error === null;
    if (!isOrderly) this.#stream.destroy(error ?? undefined);
    else if (this.#stream.destroySoon !== undefined) this.#stream.destroySoon();
    else if (!this.#isClosed) this.#linger();
  }

  getExtraInfo(name: string): unknown {
    return this.#facts.get(name);
  }

  /** Calls the stream; settles when it says that it is done, or has failed. */
  async #call(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    const pending = Promise.withResolvers<void>();
    this.#pending = pending;
    start((error) => {
      if (this.#pending === pending) this.#pending = null;
      // Once it is settled, neither has an effect.
      if (error) pending.reject(fromNodeError(error));
      else pending.resolve();
    });
    await pending.promise;
  }

  #receive(chunk: unknown): void {
    try {
      if (!(chunk instanceof Uint8Array)) {
        throw new CarrierMessageError(`Cannot take ${show(chunk)} of the stream: it is no bytes`);
      }
      // Not as a Buffer, whose methods differ.
      this.source.put(copyOf(chunk));
    } catch (error) {
      this.#fail(error);
    }
    if (this.source.isDropping || this.source.size < HIGH_WATER) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #readOn(): void {
    if (!this.#isPaused || this.source.size >= HIGH_WATER) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  #onClose(): void {
    this.#isClosed = true;
    if (this.#stream.writableFinished) this.#pending?.resolve();
    this.#fail(new Deno.errors.UnexpectedEof("the stream was closed before its end"));
  }

  /** The first failure counts. The bytes received before can still be read. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#pending?.reject(this.#failure.error);
    this.#pending = null;
    this.source.end(this.#failure.error);
  }

  /** A pipeline that has taken everything may not have passed it on: it ends by itself. */
  #linger(): void {
    const cancel = startTimer(LINGER_MS, () => void this.#stream.destroy());
    this.#stream.on("close", cancel).resume();
  }
}
