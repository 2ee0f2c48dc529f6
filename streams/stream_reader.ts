import { type Bytes, checkBytes } from "../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../protocols/contract.ts";
import type { WaitOptions } from "../protocols/wait_options.ts";
import {
  checkOptions,
  numberAbove0,
  type OptionTable,
  signalOf,
} from "../protocols/option_checks.ts";
import { IncompleteReadError, InvalidStateError, LimitOverrunError } from "../protocols/errors.ts";
import { ReceiveBuffer } from "../protocols/receive_buffer.ts";
import { SeparatorSearch } from "../protocols/separator_search.ts";
import { turnBudget } from "../protocols/turn_budget.ts";
import { WaitQueue } from "../protocols/wait_queue.ts";
import { nextTurn } from "../transports/core/clock.ts";
import { attachStreams } from "../transports/connect_streams.ts";
import { ByteReadable } from "./_byte_readable.ts";
import { areSame, toSeparator } from "./_separator_bytes.ts";

/** asyncio's default limit, in bytes. */
const DEFAULT_LIMIT = 65_536;

const LINE_FEED: readonly Uint8Array[] = [new Uint8Array([10])];
/** Replaces what is not UTF-8, and keeps every character, a byte order mark as well. */
const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
/** Shared by the reads that are given none: most of them. */
const NO_OPTIONS: WaitOptions = {};

/** Options for a {@linkcode StreamReader}. */
export interface StreamReaderOptions {
  /**
   * The longest line or record that `readline` and `readuntil` take, in bytes, without its
   * separator. With more than twice as much buffered the transport is paused.
   *
   * @default {65536}
   */
  readonly limit?: number;
}

/** The checks of {@linkcode StreamReaderOptions}. */
export const READER_CHECKS: OptionTable<StreamReaderOptions> = { limit: numberAbove0("bytes") };

/** One separator, or several; a string is UTF-8. */
export type Separator = Uint8Array | string | readonly (Uint8Array | string)[];

/** Has `callback` called if the data ends, everything was read, and no pending read sees it. */
export let onUnmetEnd: (reader: StreamReader, callback: () => void) => void;

/**
 * Bytes as they are asked for: asyncio's `StreamReader`.
 *
 * One read may wait at a time; a second one throws an `InvalidStateError`. A read consumes bytes
 * only when it succeeds, so one that was aborted, failed or ran over the limit leaves them to the
 * next; at the end of the data what is left is in the error. Bytes that arrived before the
 * connection failed are read first; then every read throws the failure. After `close()` nothing
 * more arrives, and reads end as at the end of the data.
 *
 * @example Feeding one by hand
 * ```ts
 * import { StreamReader } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new StreamReader();
 * reader.feedData(new TextEncoder().encode("first\nsecond"));
 * reader.feedEof();
 * const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * assertEquals(decode(await reader.readline()), "first\n");
 * assertEquals(decode(await reader.readexactly(3)), "sec");
 * assertEquals(decode(await reader.read()), "ond");
 * assertEquals(reader.atEof(), true);
 * ```
 */
export class StreamReader {
  static {
    onUnmetEnd = (reader, callback) => {
      reader.#onUnmetEnd = callback;
      if (reader.#isEnded) reader.#checkEnd();
    };
  }

  readonly #limit: number;
  readonly #buffer = new ReceiveBuffer();
  readonly #data = new WaitQueue();
  #isEnded = false;
  #isDiscarding = false;
  #exception: Error | null = null;
  #transport: Transport | null = null;
  #isPaused = false;
  // Whether a read was told of the end of the data, and what is called if none is.
  #hasMetEnd = false;
  #onUnmetEnd: (() => void) | null = null;
  // Whether the event loop is to turn before the next read.
  #isResting = false;
  #lineSearch: SeparatorSearch | null = null;
  // What readuntil() looked for last.
  #lastSearch: { readonly parts: readonly Uint8Array[]; readonly search: SeparatorSearch } | null =
    null;
  #readable: ReadableStream<Bytes> | null = null;
  // While the Web stream waits: whether its read is still wanted.
  #isStreamWanted: (() => boolean) | null = null;
  // Set if later bytes are to be dropped.
  #onDiscard: (() => void) | null = null;

  /**
   * Starts empty.
   *
   * @throws {RangeError} If the limit is not above zero.
   */
  constructor(options: StreamReaderOptions = {}) {
    checkOptions("make reader", options, READER_CHECKS);
    this.#limit = options.limit ?? DEFAULT_LIMIT;
  }

  /**
   * A reader over any Web stream of bytes: a file, a response's body, a process's output. The
   * stream is locked and read ahead by no more than twice the limit.
   *
   * @example Lines of a response
   * ```ts
   * import { StreamReader } from "@sluice/net";
   * import { assertEquals } from "@std/assert";
   *
   * const response = new Response("one\ntwo\n");
   * const lines: string[] = [];
   * for await (const line of StreamReader.from(response.body!).lines()) lines.push(line);
   * assertEquals(lines, ["one", "two"]);
   * ```
   *
   * @throws {TypeError} If the stream is locked.
   */
  static from(readable: ReadableStream<Bytes>, options?: StreamReaderOptions): StreamReader {
    const reader = new StreamReader(options);
    const { transport } = attachStreams(() => reader.#asProtocol(), { readable });
    reader.#onDiscard = () => transport.close();
    return reader;
  }

  /**
   * The bytes as a Web byte stream over the same buffer. The two may take turns; cancelling it
   * drops what still comes, and cancels the stream given to {@linkcode StreamReader.from}.
   */
  get readable(): ReadableStream<Bytes> {
    return this.#readable ??= new ByteReadable({
      wait: (least, isWanted, signal) => this.#waitForStream(least, isWanted, signal),
      wake: () => this.#wakeStream(),
      take: () => this.#consume(this.#buffer.takeChunk()),
      takeInto: (target) => this.#consume(this.#buffer.takeInto(target)),
      discard: () => this.#discard(),
    });
  }

  /** Gives the transport that is paused while too much is buffered. */
  setTransport(transport: Transport): void {
    this.#transport = transport;
    if (this.#isPaused) transport.pauseReading();
  }

  /**
   * Adds bytes that arrived; they belong to the reader from now on. Dropped if `readable` was
   * cancelled.
   *
   * @throws {InvalidStateError} If the end was fed before.
   * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
   */
  feedData(chunk: Bytes): void {
    checkBytes(chunk, "feed");
    if (this.#isDiscarding) return;
    if (this.#isEnded) throw new InvalidStateError("Cannot feed data: the end was fed before");
    if (chunk.length === 0) return;
    this.#buffer.append(chunk);
    this.#data.release();
    if (this.#buffer.length > 2 * this.#limit && !this.#isPaused && this.#transport !== null) {
      this.#isPaused = true;
      this.#transport.pauseReading();
    }
  }

  /** No more will arrive. */
  feedEof(): void {
    this.#isEnded = true;
    if (!this.#data.isEmpty) this.#hasMetEnd = true;
    this.#checkEnd();
    this.#data.release();
  }

  /** Has reads fail with `error`, once the bytes that are buffered are read. */
  setException(error: Error): void {
    this.#exception = error;
    this.#data.release();
  }

  /** What {@linkcode setException} was given, or `null`. */
  exception(): Error | null {
    return this.#exception;
  }

  /** Whether the data has ended and every byte was read. */
  atEof(): boolean {
    return this.#isEnded && this.#buffer.length === 0;
  }

  /**
   * Reads what is there, waiting for the first byte if nothing is.
   *
   * @param n At most so many bytes; -1 for everything up to the end of the data.
   * @param options A signal.
   * @returns At least one byte; none at the end of the data, or if `n` is 0.
   * @throws {RangeError} If `n` is not a whole number.
   */
  async read(n = -1, options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    const signal = signalOf("read", options);
    if (!Number.isInteger(n)) throw new RangeError(`Cannot read ${n} bytes: not a whole number`);
    if (n === 0) return new Uint8Array(0);
    if (this.#begin(signal)) await this.#rest(signal);
    if (n < 0) {
      while (!this.#isEnded) await this.#wait(signal);
      signal?.throwIfAborted();
      return this.#consume(this.#buffer.takeAll());
    }
    while (this.#buffer.length === 0 && !this.#isEnded) await this.#wait(signal);
    signal?.throwIfAborted();
    return this.#consume(this.#buffer.take(Math.min(n, this.#buffer.length)));
  }

  /**
   * Reads exactly `n` bytes, also more than the limit.
   *
   * @param n How many bytes.
   * @param options A signal.
   * @throws {RangeError} If `n` is not a whole number of at least 0.
   * @throws {IncompleteReadError} If the data ends before; it holds what there was.
   */
  async readexactly(n: number, options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    const signal = signalOf("read", options);
    if (!(Number.isInteger(n) && n >= 0)) {
      throw new RangeError(`Cannot read ${n} bytes: not a whole number of at least 0`);
    }
    if (n === 0) return new Uint8Array(0);
    if (this.#begin(signal)) await this.#rest(signal);
    while (this.#buffer.length < n) {
      if (this.#isEnded) throw new IncompleteReadError(this.#consume(this.#buffer.takeAll()), n);
      await this.#wait(signal);
      signal?.throwIfAborted();
    }
    return this.#consume(this.#buffer.take(n));
  }

  /**
   * Reads a line with its `\n`; at the end of the data what there is, possibly nothing.
   *
   * @param options A signal.
   * @returns The line; without a `\n` if the data ended in it, empty at the end of the data.
   * @throws {LimitOverrunError} If the line is longer than the limit. It is dropped up to its end,
   * or everything that is buffered if that has not come, so the next call goes on after it.
   */
  async readline(options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    const signal = signalOf("read line", options);
    return await this.#takeLine(signal, (n) => this.#buffer.take(n));
  }

  /**
   * Reads up to and with a separator; of several the one that ends first counts.
   *
   * @param separator What to look for: bytes, a string, or a list of them. `"\n"` by default.
   * @param options A signal.
   * @returns The bytes before the separator, and the separator.
   * @throws {RangeError} If a separator is empty, or the list is.
   * @throws {TypeError} If a separator is neither bytes nor a string.
   * @throws {LimitOverrunError} If more than the limit comes before it; nothing is consumed.
   * @throws {IncompleteReadError} If the data ends before; it holds what there was.
   */
  async readuntil(
    separator: Separator = "\n",
    options: WaitOptions = NO_OPTIONS,
  ): Promise<Bytes> {
    const signal = signalOf("read record", options);
    if (this.#begin(signal)) await this.#rest(signal);
    const search = this.#searchFor(separator);
    for (;;) {
      const length = this.#findEnd(search);
      if (length !== null) return this.#consume(this.#buffer.take(length));
      if (this.#isEnded) throw new IncompleteReadError(this.#consume(this.#buffer.takeAll()), null);
      await this.#wait(signal);
      signal?.throwIfAborted();
    }
  }

  /**
   * The lines as text, without their `\n` or `\r\n`, up to the end of the data. Every character is
   * kept, U+FEFF as well; what is not UTF-8 is replaced by U+FFFD.
   *
   * @throws {LimitOverrunError} As {@linkcode readline}.
   */
  async *lines(options: WaitOptions = {}): AsyncGenerator<string, void, void> {
    for (;;) {
      const line = await this.#takeLine(options.signal, (n) => this.#takeText(n));
      if (line.length === 0) return;
      yield line.replace(/\r?\n$/, "");
    }
  }

  /**
   * The lines as bytes, with their `\n`: asyncio's iteration.
   *
   * @throws {LimitOverrunError} As {@linkcode readline}.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes, void, void> {
    for (;;) {
      const line = await this.readline();
      if (line.length === 0) return;
      yield line;
    }
  }

  /**
   * Takes all buffered bytes at once; empty if there are none. Reading goes on with the next ones.
   */
  takeBuffered(): Bytes {
    return this.#consume(this.#buffer.takeAll());
  }

  /**
   * Removes and returns the buffered bytes, for another reader. From now on reading fails with an
   * `InvalidStateError`, and so does a read that waits.
   *
   * @returns The bytes, possibly none.
   */
  detach(): Bytes {
    this.#exception = new InvalidStateError("Cannot read: the connection was handed over");
    // The end of the data is the next one's to hear of.
    this.#isEnded = false;
    const unread = this.takeBuffered();
    this.#data.release();
    return unread;
  }

  /** Begins a read: no other one may be waiting. Returns whether to {@linkcode #rest} first. */
  #begin(signal: AbortSignal | undefined): boolean {
    if (this.atEof()) this.#hasMetEnd = true;
    this.#wakeStream();
    if (!this.#data.isEmpty) {
      throw new InvalidStateError(
        "Cannot read: another read is already waiting for data; is an await missing?",
      );
    }
    signal?.throwIfAborted();
    // A read that was aborted while it rested has rested enough.
    return turnBudget.spend() && !this.#isResting;
  }

  /** Calls back a turn after the data has ended and all was read, if nothing asked for more. */
  #checkEnd(): void {
    if (this.#onUnmetEnd === null || this.#buffer.length > 0) return;
    void nextTurn().then(() => !this.#hasMetEnd && this.atEof() && this.#onUnmetEnd?.());
  }

  /** Lets the event loop turn: reads of buffered bytes could otherwise go on for ever. */
  async #rest(signal: AbortSignal | undefined): Promise<void> {
    // As a read that waits, so that no other one comes in between.
    this.#isResting = true;
    void turnBudget.untilRenewed().then(() => {
      this.#isResting = false;
      this.#data.release();
    });
    await this.#data.wait(signal);
    signal?.throwIfAborted();
  }

  /** Ends the wait of the Web stream if its bytes are not wanted any more. */
  #wakeStream(): void {
    if (this.#isStreamWanted === null || this.#isStreamWanted()) return;
    this.#isStreamWanted = null;
    this.#data.release();
  }

  /**
   * Waits for more bytes or for their end. The caller then checks the signal: it may have aborted
   * in the same turn, and the bytes are for the next read then.
   */
  #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#exception !== null) return Promise.reject(this.#exception);
    // The read needs more bytes than the pause allows, else they would be here.
    this.#resume();
    return this.#data.wait(signal);
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport?.resumeReading();
  }

  /** Passes on what was just taken, now that there is more room. */
  #consume<T>(taken: T): T {
    if (this.#isPaused && this.#buffer.length <= this.#limit) this.#resume();
    if (this.#isEnded) this.#checkEnd();
    return taken;
  }

  /** Takes a line with `take`, which is told its length; what is left at the end of the data. */
  async #takeLine<T>(signal: AbortSignal | undefined, take: (length: number) => T): Promise<T> {
    if (this.#begin(signal)) await this.#rest(signal);
    const search = this.#lineSearch ??= new SeparatorSearch(LINE_FEED);
    try {
      for (;;) {
        const length = this.#findEnd(search) ?? (this.#isEnded ? this.#buffer.length : null);
        if (length !== null) return this.#consume(take(length));
        await this.#wait(signal);
        signal?.throwIfAborted();
      }
    } catch (error) {
      if (error instanceof LimitOverrunError) this.#dropLine(error.consumed);
      throw error;
    }
  }

  #takeText(length: number): string {
    try {
      return this.#buffer.takeText(length);
    } catch {
      return LENIENT.decode(this.#buffer.take(length));
    }
  }

  /** The length of a record that is there, whole; `null` if more bytes are needed to know. */
  #findEnd(search: SeparatorSearch): number | null {
    const match = search.find(this.#buffer);
    if (match !== null) {
      if (match.start > this.#limit) throw new LimitOverrunError(match.start, this.#limit, true);
      return match.end;
    }
    const searched = this.#buffer.length + 1 - search.longest;
    if (searched > this.#limit) throw new LimitOverrunError(searched, this.#limit, false);
    return null;
  }

  /** Drops an overlong line with its end, or all that is there. */
  #dropLine(consumed: number): void {
    if (this.#buffer.byteAt(consumed) === 10) this.#buffer.skip(consumed + 1);
    else this.#buffer.clear();
    this.#consume(undefined);
  }

  /**
   * The search for a separator, kept so that a repeated call goes on where the last one stopped.
   */
  #searchFor(separator: Separator): SeparatorSearch {
    const list = Array.isArray(separator) ? separator : [separator];
    const parts = list.map(toSeparator);
    // By content: the same array may hold something else by now.
    if (this.#lastSearch !== null && areSame(parts, this.#lastSearch.parts)) {
      return this.#lastSearch.search;
    }
    const search = new SeparatorSearch(parts);
    this.#lastSearch = { parts, search };
    return search;
  }

  /**
   * Waits on behalf of the Web stream; returns how many bytes can be taken, `null` if they are not
   * wanted.
   */
  async #waitForStream(
    least: number,
    isWanted: () => boolean,
    signal?: AbortSignal,
  ): Promise<number | null> {
    let mustRest = this.#begin(signal);
    while ((mustRest || this.#buffer.length < least && !this.#isEnded) && isWanted()) {
      this.#isStreamWanted = isWanted;
      try {
        await (mustRest ? this.#rest(signal) : this.#wait(signal));
        mustRest = false;
      } finally {
        if (this.#isStreamWanted === isWanted) this.#isStreamWanted = null;
      }
    }
    return isWanted() ? this.#buffer.length : null;
  }

  #discard(): void {
    this.#isDiscarding = true;
    this.#isEnded = true;
    this.#buffer.clear();
    this.#resume();
    this.#data.release();
    this.#onDiscard?.();
  }

  #asProtocol(): ProtocolCallbacks {
    return {
      connectionMade: (transport) => this.setTransport(transport),
      dataReceived: (chunk) => this.feedData(chunk),
      eofReceived: () => this.feedEof(),
      connectionLost: (error) => error === null ? this.feedEof() : this.setException(error),
    };
  }
}
