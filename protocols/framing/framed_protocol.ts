import type { Codec } from "./codec.ts";
import { NEED_MORE } from "./codec.ts";
import type { Bytes } from "../bytes.ts";
import type { AnyProtocol } from "../contract.ts";
import type { FrameError } from "../errors.ts";
import { writeMessage } from "./encoded_message.ts";
import { FrameReader } from "./frame_reader.ts";
import { Protocol } from "../protocol.ts";
import { isThenable } from "../thrown.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../waits/wait_options.ts";
import type { WaitSignal } from "../waits/wait_signal.ts";
import { WriteRoom } from "../waits/write_room.ts";
import { turnBudget } from "../waits/turn_budget.ts";

/**
 * A protocol of messages instead of bytes. Extend it and override {@linkcode messageReceived}.
 *
 * ```text
 * connectionMade -> (messageReceived | badMessageReceived)* -> endReceived? -> connectionLost
 *                       send(message), drain()
 * ```
 *
 * Messages are delivered one at a time. When {@linkcode messageReceived} returns a promise, the
 * next message, even one that arrived in the same chunk, waits until it settles, and so does
 * reading. The same holds after `pauseReading()`: the messages that have arrived wait for
 * `resumeReading()`. When a callback changes the protocol with `setProtocol`, the bytes that were
 * not decoded go to the next one; elsewhere pass on what {@linkcode detach} gives.
 *
 * A subclass that overrides `connectionLost`, `pauseWriting` or `resumeWriting` calls `super`'s as
 * well.
 *
 * @example A server that answers lines
 * ```ts
 * import { createConnection, createServer, FramedProtocol, lineCodec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Shout extends FramedProtocol<string> {
 *   override messageReceived(line: string): void {
 *     this.send(line.toUpperCase());
 *   }
 * }
 * class Ask extends FramedProtocol<string> {
 *   readonly answer = Promise.withResolvers<string>();
 *   override messageReceived(line: string): void {
 *     this.answer.resolve(line);
 *   }
 * }
 *
 * await using server = await createServer(() => new Shout(lineCodec()), { port: 0 });
 * const { protocol } = await createConnection(() => new Ask(lineCodec()), { port: server.port });
 * protocol.send("hello");
 * assertEquals(await protocol.answer.promise, "HELLO");
 * protocol.transport.close();
 * await protocol.transport.closed;
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 */
export class FramedProtocol<In, Out = In> extends Protocol {
  #codec: Codec<In, Out>;
  readonly #reader: FrameReader<In>;
  #isEnded = false;
  // Whether another reader has taken the bytes that were not decoded.
  #isDetached = false;
  readonly #room = new WriteRoom();

  /**
   * Creates the protocol with a codec, which no other connection may use.
   *
   * @param codec What the messages are made of.
   */
  constructor(codec: Codec<In, Out>) {
    super();
    this.#codec = codec;
    this.#reader = new FrameReader(codec);
  }

  /**
   * The codec in use. Another one goes on where this one stopped, with the next message that is
   * received or sent, also within one chunk. For messages of other types change the protocol
   * instead: `transport.setProtocol`.
   */
  get codec(): Codec<In, Out> {
    return this.#codec;
  }

  set codec(codec: Codec<In, Out>) {
    this.#codec = codec;
    this.#reader.decoder = codec;
  }

  /**
   * A message arrived.
   *
   * A returned promise holds back the next message and all reading until it settles; its rejection
   * ends the connection like an exception. Bytes that were not delivered when the
   * connection is lost are dropped.
   *
   * @param _message What the codec made of the bytes.
   */
  messageReceived(_message: In): unknown {
    return undefined;
  }

  /**
   * A message arrived that cannot be used, and was passed over; the ones after it can be. By
   * default this throws the error, which ends the connection: override it to go on.
   *
   * @param error What is wrong with it; it is `recoverable`.
   */
  badMessageReceived(error: FrameError): unknown {
    throw error;
  }

  /**
   * The peer will send no more, and all of its messages were delivered;
   * {@linkcode Protocol.eofReceived} is taken.
   *
   * @returns A truthy value keeps the connection open for sending; otherwise it is closed. While a
   * promise is pending it stays open.
   */
  endReceived(): boolean | void | Promise<boolean | void> {}

  /**
   * Sends a message.
   *
   * @param message What the codec makes bytes of.
   * @returns What `Transport.write` returns: `false` says to wait for {@linkcode drain}.
   * @throws {FrameError} If the codec cannot encode it; nothing is sent then.
   * @throws {InvalidStateError} Before `connectionMade`, or after `writeEof()`.
   */
  send(message: Out): boolean {
    const { transport } = this;
    return writeMessage(transport, this.#codec, message);
  }

  /**
   * Waits until more may be sent: at once unless the peer reads too slowly. A `messageReceived`
   * that awaits it after its answer receives no more than its peer takes.
   *
   * @param options A signal: when it aborts the waiting ends with its reason, and what was sent
   * stays sent.
   * @throws {ConnectionLostError} If the connection is gone; or the failure that ended it.
   */
  drain(options: WaitOptions = NO_OPTIONS): Promise<void> {
    const signal = signalOf("drain", options);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!this.#room.isOpen) return this.#waitForRoom(signal);
    // Answering what has arrived already must not hold up other connections.
    return turnBudget.spend() ? turnBudget.untilRenewed(signal) : Promise.resolve();
  }

  /**
   * Removes and returns the bytes that were not decoded, for another protocol:
   * `transport.setProtocol(next, { unread: framed.detach() })`. In a callback of this protocol
   * `transport.setProtocol(next)` is enough.
   *
   * @returns The bytes, possibly none.
   */
  detach(): Bytes {
    this.#isDetached = true;
    return this.#reader.takeRest();
  }

  /** As {@linkcode Protocol.connectionLost}; it ends every {@linkcode drain}. */
  override connectionLost(error: Error | null): void {
    this.#room.lose(error);
    this.#room.waits.fail(this.#room.error);
  }

  /**
   * Sending failed: it ends every {@linkcode drain}. Messages that have arrived are still received.
   */
  writingFailed(error: Error): void {
    this.#room.fail(error);
  }

  /** As {@linkcode Protocol.pauseWriting}; {@linkcode drain} waits from now on. */
  override pauseWriting(): void {
    this.#room.pause();
  }

  /** As {@linkcode Protocol.resumeWriting}; it ends every {@linkcode drain}. */
  override resumeWriting(): void {
    this.#room.resume();
  }

  /**
   * Chunks are lent: messages are made of copies. A subclass with a `dataReceived` of its own has
   * them given.
   */
  get borrowsChunks(): boolean {
    return this.dataReceived === FramedProtocol.prototype.dataReceived;
  }

  /** Decodes what arrived. Override {@linkcode messageReceived} instead. */
  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.#isDetached = false;
    this.#reader.borrowData(chunk);
    let delivered: void | Promise<void> = undefined;
    try {
      delivered = this.#deliver(this.transport.getProtocol());
    } finally {
      // Also after an exception: connectionLost() may ask for the rest.
      if (delivered === undefined) this.#reader.keepData();
    }
    return delivered?.finally(() => this.#reader.keepData());
  }

  /** Delivers what the codec makes of the rest. Override {@linkcode endReceived} instead. */
  override eofReceived(): boolean | void | Promise<boolean | void> {
    this.#isEnded = true;
    this.#reader.feedEof();
    const current = this.transport.getProtocol();
    const delivered = this.#deliver(current);
    if (delivered === undefined) return this.#staysOpen(current);
    // The connection stays open for the answers until all were given.
    return delivered.then(() => this.#staysOpen(current));
  }

  /**
   * Delivers messages, in this turn up to one that has to be waited for. `current` is whose bytes
   * these are.
   */
  #deliver(current: AnyProtocol): void | Promise<void> {
    for (;;) {
      const settled = this.#deliverOne();
      if (settled === NEED_MORE) return;
      if (isThenable(settled)) return this.#deliverAfter(settled, current);
      if (!this.#mayGoOn(current)) return;
      if (turnBudget.spend()) return this.#deliverAfter(turnBudget.untilRenewed(), current);
    }
  }

  async #deliverAfter(first: PromiseLike<unknown>, current: AnyProtocol): Promise<void> {
    let settled: unknown = first;
    while (settled !== NEED_MORE) {
      if (isThenable(settled)) await settled;
      if (turnBudget.spend()) await turnBudget.untilRenewed();
      if (!this.#mayGoOn(current)) return;
      settled = this.#deliverOne();
    }
  }

  /** Delivers a message and gives what the callback returned, or tells that there is none. */
  #deliverOne(): unknown {
    let message: In | typeof NEED_MORE;
    try {
      message = this.#reader.next();
    } catch (error) {
      if (this.#reader.passesOver(error)) return this.badMessageReceived(error);
      throw error;
    }
    return message === NEED_MORE ? NEED_MORE : this.messageReceived(message);
  }

  /**
   * Whether the next message is for now and for this protocol; if not, its bytes go back to the
   * transport.
   */
  #mayGoOn(current: AnyProtocol): boolean {
    const { transport } = this;
    if (transport.isClosing()) {
      this.#reader.takeRest();
      return false;
    }
    const protocol = transport.getProtocol();
    if (protocol !== current) {
      if (!this.#isDetached) {
        transport.setProtocol(protocol, { unread: this.#reader.takeRest(), replayEof: true });
      }
      return false;
    }
    // After the end of the data at most one last message is left, which does not wait.
    if (this.#isEnded || transport.isReading()) return true;
    if (this.#reader.buffered > 0) {
      transport.setProtocol(protocol, { unread: this.#reader.takeRest() });
    }
    return false;
  }

  /**
   * Whether the connection stays open after the end of the data; another protocol decides for
   * itself.
   */
  #staysOpen(current: AnyProtocol): boolean | void | Promise<boolean | void> {
    const { transport } = this;
    if (transport.isClosing() || transport.getProtocol() !== current) return true;
    return this.endReceived();
  }

  #waitForRoom(signal: WaitSignal | undefined): Promise<void> {
    const { error, waits } = this.#room;
    const waiting = error === null ? waits.wait(signal) : Promise.reject(error);
    // The connection tells of its loss by itself: a wait for nothing must not end the process.
    waiting.catch(() => {});
    return waiting;
  }
}
