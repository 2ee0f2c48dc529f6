import { type Bytes, checkBytes, copyOf } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import {
  NO_OPTIONS,
  signalOf,
  type WaitOptions,
  waitSignal,
} from "../../protocols/waits/wait_options.ts";
import { attachStreams } from "../../transports/connect_streams.ts";
import { ByteReadable } from "./_byte_readable.ts";
import { ReadState } from "./_read_state.ts";
import { RecordReader, type Separator } from "./_record_reader.ts";
import { NumberReader } from "./number_reader.ts";
import {
  DEFAULT_LIMIT,
  LINES_CHECKS,
  type LinesOptions,
  READER_CHECKS,
  type ReadRecordOptions,
  type StreamReaderOptions,
  TEXT_CHECKS,
} from "./read_options.ts";

export type { Separator, StreamReaderOptions };

/** The bytes and the waits of a reader, for the rest of its connection. */
export let stateOf: (reader: StreamReader) => ReadState;

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
 * assertEquals(await reader.readline({ as: "text" }), "first\n");
 * assertEquals(await reader.readexactly(3), new TextEncoder().encode("sec"));
 * assertEquals(await reader.read(), new TextEncoder().encode("ond"));
 * assertEquals(reader.atEof(), true);
 * ```
 */
export class StreamReader extends NumberReader {
  static {
    stateOf = (reader) => reader.#state;
  }

  readonly #state: ReadState;
  // Made when a record is read.
  #madeRecords: RecordReader | null = null;
  #readable: ReadableStream<Bytes> | null = null;
  // Set if later bytes are to be dropped.
  #onDiscard: (() => void) | null = null;

  /**
   * Creates an empty reader.
   *
   * @throws {RangeError} If the limit is not above zero.
   */
  constructor(options?: StreamReaderOptions) {
    super();
    // Servers make one for each connection, mostly without options.
    if (options !== undefined) checkOptions("make reader", options, READER_CHECKS);
    this.#state = new ReadState(options?.limit ?? DEFAULT_LIMIT);
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
    const { transport } = attachStreams(() => reader.#state.asProtocol(), { readable });
    reader.#onDiscard = () => transport.close();
    return reader;
  }

  /**
   * The bytes as a Web byte stream over the same buffer. The two may take turns; cancelling it
   * drops what still comes, and cancels the stream given to {@linkcode StreamReader.from}.
   */
  get readable(): ReadableStream<Bytes> {
    return this.#readable ??= new ByteReadable(this.#state, () => this.#onDiscard?.()).stream;
  }

  get #records(): RecordReader {
    return this.#madeRecords ??= new RecordReader(this.#state);
  }

  /** Gives the transport that is paused while too much is buffered. */
  setTransport(transport: Transport): void {
    this.#state.setTransport(transport);
  }

  /**
   * Adds bytes that arrived; they belong to the reader from now on. Dropped if `readable` was
   * cancelled.
   *
   * @throws {InvalidStateError} If the end was fed before.
   * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
   */
  feedData(chunk: Uint8Array): void {
    this.#state.feed(chunk);
  }

  /** Marks the end of the data. */
  feedEof(): void {
    this.#state.feedEof();
  }

  /**
   * Has reads fail with `error`, once the bytes that are buffered are read. After
   * {@linkcode feedEof} reads go on to give the end of the data.
   */
  setException(error: Error): void {
    this.#state.fail(error);
  }

  /** The error given to {@linkcode setException}, or `null`. */
  exception(): Error | null {
    return this.#state.end.error;
  }

  /** Whether the data has ended and every byte was read. */
  atEof(): boolean {
    return this.#state.isDone;
  }

  /**
   * Resolves when the peer has ended its direction, or the connection is lost: nothing more
   * arrives, though bytes that did may still be unread. Never rejects. While reading is paused,
   * because more than twice the limit is buffered, the end is not seen.
   */
  get ended(): Promise<void> {
    return this.#state.end.reached;
  }

  /** Aborts when {@linkcode ended} resolves: to give up work for a peer that says no more. */
  get endedSignal(): AbortSignal {
    return this.#state.end.signal;
  }

  /**
   * Reads the buffered bytes; waits for the first byte if there are none.
   *
   * @param n At most so many bytes; -1 for everything up to the end of the data.
   * @param options A signal, or a timeout.
   * @returns At least one byte; none at the end of the data, or if `n` is 0.
   * @throws {RangeError} If `n` is not a whole number.
   */
  read(n = -1, options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    return promised(() => this.#state.readSome(n, signalOf("read", options)));
  }

  /**
   * Reads exactly `n` bytes, also more than the limit.
   *
   * @param n How many bytes.
   * @param options A signal, or a timeout.
   * @throws {RangeError} If `n` is not a whole number of at least 0.
   * @throws {IncompleteReadError} If the data ends before; it holds what there was.
   */
  override readexactly(n: number, options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    return promised(() => this.#state.readExactly(n, signalOf("read", options)));
  }

  /**
   * Reads a line with its `\n`; at the end of the data what there is, possibly nothing.
   *
   * @param options Whether the line is bytes or text; a signal, or a timeout.
   * @returns The line; without a `\n` if the data ended in it, empty at the end of the data.
   * @throws {LimitOverrunError} If the line is longer than the limit. It is dropped up to its end,
   * or everything that is buffered if that has not come, so the next call goes on after it.
   * @throws {TextDecodeError} If it is not UTF-8, and text is wanted with `invalid: "error"`.
   */
  readline<A extends "bytes" | "text" = "bytes">(
    options: ReadRecordOptions<A> = NO_OPTIONS,
  ): Promise<A extends "text" ? string : Bytes> {
    return promised(() =>
      this.#records.readLine(signalOf("read line", options, TEXT_CHECKS), options)
    );
  }

  /**
   * Reads up to and with a separator; of several the one that ends first counts.
   *
   * @param separator What to look for: bytes, a string, or a list of them. `"\n"` by default.
   * @param options Whether the record is bytes or text; a signal, or a timeout.
   * @returns The bytes before the separator, and the separator.
   * @throws {RangeError} If a separator is empty, or the list is.
   * @throws {TypeError} If a separator is neither bytes nor a string.
   * @throws {LimitOverrunError} If more than the limit comes before it; nothing is consumed.
   * @throws {IncompleteReadError} If the data ends before; it holds what there was.
   * @throws {TextDecodeError} As {@linkcode readline}.
   */
  readuntil<A extends "bytes" | "text" = "bytes">(
    separator: Separator = "\n",
    options: ReadRecordOptions<A> = NO_OPTIONS,
  ): Promise<A extends "text" ? string : Bytes> {
    return promised(() =>
      this.#records.readRecord(
        separator,
        signalOf("read record", options, TEXT_CHECKS),
        options,
      )
    );
  }

  /**
   * The lines as text, without their `\n` or `\r\n`, up to the end of the data. Every character is
   * kept, U+FEFF as well; what is not UTF-8 is replaced by U+FFFD, unless `invalid` is `"error"`.
   *
   * @param options What becomes of bytes that are not UTF-8; a signal, and a timeout for each line.
   * @throws {LimitOverrunError} As {@linkcode readline}. A further loop goes on after the line.
   * @throws {TextDecodeError} The same.
   */
  async *lines(options: LinesOptions = NO_OPTIONS): AsyncGenerator<string, void, void> {
    if (options !== NO_OPTIONS) checkOptions("read lines", options, LINES_CHECKS);
    const text = { as: "text", ...options } as const;
    for (;;) {
      const line = await this.#records.readLine(waitSignal("read line", options), text);
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
   * Reads the next `n` bytes and leaves them: the next read gets them again.
   *
   * @param n How many bytes, at most the limit.
   * @param options A signal, or a timeout.
   * @returns A copy of them; fewer, or none, if the data ends before.
   * @throws {RangeError} If `n` is not a whole number from 0 to the limit.
   */
  peek(n: number, options: WaitOptions = NO_OPTIONS): Promise<Bytes> {
    return promised(() => this.#state.peek(n, signalOf("peek", options)));
  }

  /**
   * Puts bytes back: they are the next to be read, also at the end of the data.
   *
   * @param bytes The bytes, which are copied.
   * @throws {InvalidStateError} If a read is waiting, or the connection was handed over.
   * @throws {TypeError} If it is not a `Uint8Array`.
   */
  unread(bytes: Uint8Array): void {
    checkBytes(bytes, "unread");
    this.#state.unread(copyOf(bytes));
    this.#records.forget();
  }

  /**
   * Takes all buffered bytes at once; empty if there are none. Reading goes on with the next ones.
   */
  takeBuffered(): Bytes {
    return this.#state.takeBuffered();
  }

  /**
   * Removes and returns the buffered bytes, for another reader. From now on reading fails with an
   * `InvalidStateError`, and so does a read that waits.
   *
   * @returns The bytes, possibly none.
   */
  detach(): Bytes {
    return this.#state.detach();
  }
}

/** Begins a read. Its own errors are rejections too, at no cost of a further promise. */
function promised<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}
