import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import { type Codec, NEED_MORE } from "../../protocols/framing/codec.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import type { FrameError } from "../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { writeMessage } from "../../protocols/framing/encoded_message.ts";
import { FrameReader } from "../../protocols/framing/frame_reader.ts";
import { toError } from "../../protocols/thrown.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { tellBadMessages } from "./bad_messages.ts";
import type { CloseOptions, StreamConnection } from "../stream_connection.ts";
import { stateOf } from "../reading/stream_reader.ts";
import { endWriting, lossOf } from "../writing/stream_writer.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";

/** The most bytes taken from the reader at a time. */
const CHUNK_SIZE = 65_536;

/** Options for {@linkcode framed}. */
export interface FramedOptions {
  /**
   * Told of a message that cannot be used and was passed over; receiving goes on with the next.
   * Without it, receiving fails with the error, once: the next call, or the next `for await`, goes
   * on.
   */
  readonly onBadMessage?: (error: FrameError) => unknown;
}

const CHECKS: OptionTable<FramedOptions> = { onBadMessage: check.functionLike("(error) => …") };

/**
 * A connection of messages: made by {@linkcode framed}.
 *
 * Messages come in one by one, by {@linkcode receive}, by `for await`, or from
 * {@linkcode readable}; the three may take turns. Only the reader's buffer is
 * read ahead, so a slow receiver holds back its peer.
 *
 * @example A question and its answer
 * ```ts
 * import { framed, jsonLinesCodec, memoryTransportPair, StreamConnection } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
 * await using client = framed(StreamConnection.over(a.transport), jsonLinesCodec());
 * await using server = framed(StreamConnection.over(b.transport), jsonLinesCodec());
 * await client.send({ question: "6 * 7" });
 * assertEquals(await server.receive(), { question: "6 * 7" });
 * await server.send({ answer: 42 });
 * assertEquals(await client.receive(), { answer: 42 });
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 */
export class FramedConnection<In, Out = In> implements AsyncDisposable {
  /** The connection that carries the bytes. */
  readonly connection: StreamConnection;
  readonly #onBadMessage: ((error: FrameError) => void) | undefined;
  readonly #frames: FrameReader<In>;
  #codec: Codec<In, Out>;
  #readable: ReadableStream<In> | null = null;
  #controller: ReadableStreamDefaultController<In> | null = null;
  #writable: WritableStream<Out> | null = null;
  // Ends the waiting of a Web stream whose reader has gone.
  #streamWait: AbortController | null = null;

  /** Takes the connection and the codec, see {@linkcode framed}. */
  constructor(connection: StreamConnection, codec: Codec<In, Out>, options: FramedOptions = {}) {
    checkOptions("frame", options, CHECKS);
    this.connection = connection;
    this.#codec = codec;
    this.#frames = new FrameReader(codec);
    // A rejection ends the connection, and receiving fails with it.
    this.#onBadMessage = tellBadMessages(
      options.onBadMessage,
      (thrown) => connection.transport.abort(toError(thrown)),
    );
  }

  /**
   * The codec in use. Another one goes on where this one stopped, with the next message that is
   * received or sent. For messages of other types go on with what {@linkcode detach} gives.
   */
  get codec(): Codec<In, Out> {
    return this.#codec;
  }

  set codec(codec: Codec<In, Out>) {
    this.#codec = codec;
    this.#frames.decoder = codec;
  }

  /**
   * Receives the next message.
   *
   * @param options A signal, or a timeout: a call that it ended has consumed nothing, and the next
   * one gets the message.
   * @returns The message; `undefined` at the end of the data.
   * @throws {FrameError} If the message is bad. If the error is `recoverable`, the next call goes
   * on after it.
   * @throws {InvalidStateError} If another call is waiting.
   * @throws The failure of the connection, after the messages that arrived before it.
   */
  async receive(options: WaitOptions = NO_OPTIONS): Promise<In | undefined> {
    const signal = signalOf("receive", options);
    signal?.throwIfAborted();
    if (this.#readable?.locked === false) {
      this.#streamWait?.abort();
      if (this.#hasStreamKept()) return await this.#takeFromStream(this.#readable);
    }
    if (turnBudget.spend()) await turnBudget.untilRenewed(signal);
    for (;;) {
      const message = this.#next();
      if (message !== NEED_MORE) return message;
      if (this.#frames.isDone) return undefined;
      await this.#read(signal);
    }
  }

  /**
   * The messages up to the end of the data. To leave the loop loses none: another may go on.
   *
   * @param options A signal, and a timeout for each message.
   * @throws As {@linkcode receive}.
   */
  async *messages(options: WaitOptions = NO_OPTIONS): AsyncGenerator<In, void, void> {
    for (;;) {
      const message = await this.receive(options);
      if (message === undefined) return;
      yield message;
    }
  }

  /** {@linkcode messages} without options. */
  [Symbol.asyncIterator](): AsyncGenerator<In, void, void> {
    return this.messages();
  }

  /**
   * Sends a message; resolves when another one may follow. To await it is all that back-pressure
   * takes.
   *
   * @param message What the codec makes bytes of.
   * @param options A signal, or a timeout of the waiting. If the signal aborted before, nothing is
   * sent; else only the waiting ends.
   * @throws {FrameError} If the codec cannot encode it; nothing is sent then.
   * @throws {ConnectionLostError} If the connection is gone; or the failure that ended it.
   * @throws {InvalidStateError} If this direction was ended, or the connection handed over.
   */
  send(message: Out, options: WaitOptions = NO_OPTIONS): Promise<void> {
    try {
      signalOf("send", options)?.throwIfAborted();
      const { writer } = this.connection;
      writeMessage(writer, this.#codec, message);
      return writer.drain(options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The messages as a Web stream, which reads nothing ahead. A bad message ends it, unless
   * `onBadMessage` is given. To cancel it drops what still comes.
   */
  get readable(): ReadableStream<In> {
    return this.#readable ??= new ReadableStream<In>({
      start: (controller) => void (this.#controller = controller),
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => this.connection.readable.cancel(reason),
    }, { highWaterMark: 0 });
  }

  /**
   * The way out as a Web stream. To close it ends this direction, where that can be done, else the
   * connection; to abort it aborts the connection. It fails by itself when the connection is lost.
   */
  get writable(): WritableStream<Out> {
    return this.#writable ??= new WritableStream<Out>({
      start: (controller) =>
        void this.connection.closed.then((info) => controller.error(lossOf(info))),
      write: (message) => this.send(message),
      close: () => endWriting(this.connection.writer),
      abort: (reason) => {
        this.connection.transport.abort(reason instanceof Error ? reason : undefined);
      },
    });
  }

  /**
   * Hands the live connection to a protocol, as `StreamConnection.switchProtocol`: it is given the
   * bytes that were received and not decoded.
   *
   * @param protocol Who receives from now on.
   * @returns The transport.
   */
  switchProtocol(protocol: AnyProtocol): Transport {
    this.connection.reader.unread(this.#frames.takeRest());
    return this.connection.switchProtocol(protocol);
  }

  /**
   * Removes and returns the bytes that were received and not decoded, for another reader:
   * `StreamConnection.over(connection.transport, { unread })`, or `transport.setProtocol(protocol,
   * { unread })`. Receiving fails from now on.
   *
   * @returns The bytes, possibly none.
   */
  detach(): Bytes {
    return joinBytes([this.#frames.takeRest(), this.connection.reader.detach()]);
  }

  /**
   * Sends what is queued and ends the connection, as `StreamConnection.close`.
   *
   * @param options How long to wait, 10 seconds by default, and a signal.
   * @returns How the connection ended.
   * @throws {RangeError} If the timeout is not above zero.
   */
  close(options?: CloseOptions): Promise<CloseInfo> {
    return this.connection.close(options);
  }

  /** {@linkcode close} with the default timeout. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Has bytes come for the next message, or the end of the data. */
  #read(signal: WaitSignal | undefined): Promise<unknown> {
    const state = stateOf(this.connection.reader);
    const { buffer } = state;
    // Put here as they are taken there: a call that comes next finds them.
    return state.read(signal, () => {
      if (buffer.length > 0) {
        this.#frames.feedData(buffer.take(Math.min(buffer.length, CHUNK_SIZE)));
      } else if (state.isEnded) this.#frames.feedEof();
      else return undefined;
      return true;
    });
  }

  /** The next message that is there. */
  #next(): In | typeof NEED_MORE {
    return this.#frames.nextUsable(this.#onBadMessage);
  }

  async #pull(controller: ReadableStreamDefaultController<In>): Promise<void> {
    const wait = new AbortController();
    this.#streamWait = wait;
    try {
      if (turnBudget.spend()) await turnBudget.untilRenewed(wait.signal);
      // No other read may come between the last look at the lock and the message.
      while (this.#readable?.locked) {
        const message = this.#next();
        if (message !== NEED_MORE) return controller.enqueue(message);
        if (this.#frames.isDone) return controller.close();
        await this.#read(wait.signal);
      }
    } catch (error) {
      if (!wait.signal.aborted) throw error;
    } finally {
      this.#streamWait = null;
    }
  }

  /** Whether a message went into the stream whose reader left without it. */
  #hasStreamKept(): boolean {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  async #takeFromStream(readable: ReadableStream<In>): Promise<In | undefined> {
    const reader = readable.getReader();
    try {
      return (await reader.read()).value;
    } finally {
      reader.releaseLock();
    }
  }
}

/**
 * Makes a connection of messages of a connection of bytes.
 *
 * Bytes that were read before are not part of it: read a greeting with `connection.reader`, then go
 * on with messages.
 *
 * @example Numbers of two bytes, added up
 * ```ts
 * import { framed, mapCodec, openConnection, startServer } from "@sluice/net";
 * import { fixedLengthCodec } from "@sluice/net/codecs";
 * import { assertEquals } from "@std/assert";
 *
 * const numberCodec = () =>
 *   mapCodec(fixedLengthCodec(2), {
 *     decode: ([high = 0, low = 0]) => high * 256 + low,
 *     encode: (value: number) => new Uint8Array([value >> 8, value]),
 *   });
 *
 * await using server = await startServer(async (connection) => {
 *   const numbers = framed(connection, numberCodec());
 *   let sum = 0;
 *   for await (const number of numbers) await numbers.send(sum += number);
 * }, { port: 0 });
 *
 * await using client = framed(await openConnection({ port: server.port }), numberCodec());
 * for (const number of [1, 20, 300]) await client.send(number);
 * assertEquals(await client.receive(), 1);
 * assertEquals(await client.receive(), 21);
 * assertEquals(await client.receive(), 321);
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 * @param connection The bytes. Its reader and `readable` are the new connection's alone from now
 * on.
 * @param codec What messages are made of; for this connection alone.
 * @param options What to do with bad messages.
 * @returns The connection of messages. To close it closes the connection of bytes.
 */
export function framed<In, Out = In>(
  connection: StreamConnection,
  codec: Codec<In, Out>,
  options: FramedOptions = {},
): FramedConnection<In, Out> {
  return new FramedConnection(connection, codec, options);
}
