import { type Decoder, NEED_MORE, type NeedMore } from "./codec.ts";
import type { Bytes } from "../bytes.ts";
import { FrameError, IncompleteFrameError, InvalidStateError } from "../errors.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";

/**
 * Drives a {@linkcode Decoder} by hand: bytes in, messages out, no connection needed. Every API of
 * this library that decodes messages has one inside.
 *
 * ```text
 * feedData* -> feedEof? with next() in between, until it returns NEED_MORE
 * ```
 *
 * @typeParam In What a message is.
 *
 * @example Lines out of chunks
 * ```ts
 * import { lineCodec } from "@sluice/net";
 * import { FrameReader, NEED_MORE } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new FrameReader(lineCodec());
 * reader.feedData(new TextEncoder().encode("one\ntw"));
 * assertEquals(reader.next(), "one");
 * assertEquals(reader.next(), NEED_MORE);
 * reader.feedEof();
 * assertEquals(reader.next(), "tw");
 * assertEquals(reader.next(), NEED_MORE);
 * assertEquals(reader.isDone, true);
 * ```
 */
export class FrameReader<In> {
  readonly #buffer: ReceiveBuffer;
  #decoder: Decoder<In>;
  #isEnded = false;
  #isDone = false;
  #failure: { readonly error: unknown } | null = null;

  /**
   * Creates a reader for one decoder, which nothing else may use.
   *
   * @param decoder What takes the messages.
   * @param buffer What they are taken from; a new one by default.
   */
  constructor(decoder: Decoder<In>, buffer: ReceiveBuffer = new ReceiveBuffer()) {
    this.#decoder = decoder;
    this.#buffer = buffer;
  }

  /**
   * Whether nothing will come any more: the data has ended and all of it was taken, or the stream
   * is broken.
   */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** How many bytes are not decoded yet. */
  get buffered(): number {
    return this.#buffer.length;
  }

  /**
   * The decoder in use. Another one goes on where this one stopped: it gets the bytes that were not
   * taken.
   */
  get decoder(): Decoder<In> {
    return this.#decoder;
  }

  set decoder(decoder: Decoder<In>) {
    this.#decoder = decoder;
  }

  /**
   * Bytes arrived; they belong to the reader from now on.
   *
   * @throws {InvalidStateError} If the data has ended.
   */
  feedData(chunk: Bytes): void {
    if (this.#isEnded) throw new InvalidStateError("Cannot feed data: the end was fed before");
    if (!this.#isDone) this.#buffer.append(chunk);
  }

  /**
   * Bytes arrived that the reader may use up to {@linkcode keepData} only, as those of a chunk that
   * is lent.
   *
   * @throws {InvalidStateError} If the data has ended.
   */
  borrowData(chunk: Bytes): void {
    if (this.#isEnded) throw new InvalidStateError("Cannot feed data: the end was fed before");
    if (!this.#isDone) this.#buffer.borrow(chunk);
  }

  /** Copies the borrowed bytes that are left. */
  keepData(): void {
    this.#buffer.keep();
  }

  /** Marks the end of the data. */
  feedEof(): void {
    this.#isEnded = true;
  }

  /**
   * Takes the next message.
   *
   * @returns The message, or {@linkcode NEED_MORE} if it is not there yet or, after
   * {@linkcode feedEof}, there is none.
   * @throws {TypeError} If the decoder returns `undefined`.
   * @throws {FrameError} If it is bad. If the error is `recoverable`, the next call goes on after
   * it; otherwise every call from now on throws the same.
   * @throws {IncompleteFrameError} If the data ended inside a message.
   */
  next(): In | NeedMore {
    if (this.#isDone) {
      if (this.#failure === null) return NEED_MORE;
      throw this.#failure.error;
    }
    const before = this.#buffer.position;
    try {
      const message = this.#decoder.decode(this.#buffer);
      // A forgotten return, which would be taken for a message for ever.
      if (message === undefined) {
        throw new TypeError("Cannot decode: decode() returned neither a message nor NEED_MORE");
      }
      return message !== NEED_MORE || !this.#isEnded ? message : this.#last();
    } catch (error) {
      const isRecoverable = error instanceof FrameError && error.recoverable;
      // Without a step forward the same would be thrown for ever.
      if (!isRecoverable || this.#buffer.position === before) this.#fail(error);
      throw error;
    }
  }

  /**
   * Takes the next valid message: bad ones that can be skipped are only reported.
   *
   * @param onBadMessage Told of each message that was passed over. Without it such a message is an
   * error like any other.
   * @returns As {@linkcode next}.
   * @throws As {@linkcode next}, and what `onBadMessage` throws.
   */
  nextUsable(onBadMessage?: (error: FrameError) => void): In | NeedMore {
    for (;;) {
      try {
        return this.next();
      } catch (error) {
        if (onBadMessage === undefined || !this.passesOver(error)) throw error;
        onBadMessage(error);
      }
    }
  }

  /**
   * Whether an error that {@linkcode next} has just thrown concerns one message, and the next call
   * goes on after it.
   */
  passesOver(error: unknown): error is FrameError {
    return error instanceof FrameError && error.recoverable && !this.#isDone;
  }

  /** Removes and returns the bytes that were not taken, for another reader. */
  takeRest(): Bytes {
    return this.#buffer.takeAll();
  }

  /** The bytes that are left at the end of the data. */
  #last(): In | NeedMore {
    if (this.#decoder.decodeEnd !== undefined) {
      const message = this.#decoder.decodeEnd(this.#buffer);
      if (message !== NEED_MORE) return message;
    }
    if (this.#buffer.length > 0) throw new IncompleteFrameError(this.#buffer.length);
    this.#isDone = true;
    return NEED_MORE;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#isDone = true;
    this.#buffer.clear();
  }
}
