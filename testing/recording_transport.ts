import { type Bytes, copyOf } from "../protocols/bytes.ts";
import type { CloseInfo } from "../protocols/close_info.ts";
import type {
  AnyProtocol,
  SetProtocolOptions,
  Transport,
  WriteBufferLimits,
} from "../protocols/contract.ts";
import type { ExtraInfoValue } from "../protocols/extra_info.ts";
import { InvalidStateError, WriteBufferFullError } from "../protocols/errors.ts";
import { ReceiveBuffer } from "../protocols/receive_buffer.ts";
import { closeInTime } from "../transports/core/close_in_time.ts";
import { isThenable, toError } from "../protocols/thrown.ts";
import { callBack } from "../transports/core/callbacks.ts";
import { Lifecycle } from "../transports/core/lifecycle.ts";
import { Delivery } from "../transports/core/read/delivery.ts";
import { switchProtocol } from "../transports/core/read/switch_protocol.ts";
import { toBytes, toPieces } from "../transports/core/write/to_bytes.ts";
import { DEFAULT_MAX_WRITE_BUFFER } from "../transports/core/transport_options.ts";
import { WaterMarks } from "../transports/core/write/water_marks.ts";

/** A call that a protocol made on a {@linkcode RecordingTransport}. */
export interface TransportCall {
  /** The name of the method. */
  readonly method: string;
  /** What it was given; bytes as a copy. */
  readonly args: readonly unknown[];
}

/** Options for a {@linkcode RecordingTransport}. */
export interface RecordingTransportOptions {
  /** As `setWriteBufferLimits`. */
  readonly writeBufferLimits?: Partial<WriteBufferLimits>;
  /**
   * A write while more than this many bytes are queued ends the connection with a
   * `WriteBufferFullError`.
   *
   * @default {16777216}
   */
  readonly maxWriteBuffer?: number;
  /**
   * What `canWriteEof()` says.
   *
   * @default {true}
   */
  readonly halfClose?: boolean;
  /** What `getExtraInfo` knows, by name; nothing by default. */
  readonly extraInfo?: Readonly<Record<string, unknown>>;
}

/**
 * A transport that leads nowhere, to test a protocol by itself: the test plays the peer.
 *
 * It writes down every call that changes something, and keeps what is written. Everything happens
 * at once, in the call of the test, but `connectionLost`, which comes a little later as with every
 * transport. Written bytes count as sent, unless {@linkcode stall} says that the peer does not
 * read.
 *
 * An exception thrown by a callback ends the connection with that error, as with every transport.
 * It also comes out of the test's call that led to it, and stands in {@linkcode errors}.
 *
 * @example A protocol without a network
 * ```ts
 * import { Protocol, type Transport } from "@sluice/net";
 * import { RecordingTransport } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Greeter extends Protocol {
 *   #transport?: Transport;
 *   override connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.#transport?.write(`Hello, ${new TextDecoder().decode(chunk)}!`);
 *     this.#transport?.close();
 *   }
 * }
 *
 * const transport = new RecordingTransport(new Greeter());
 * transport.start();
 * await transport.feed("World");
 * assertEquals(transport.writtenText, "Hello, World!");
 * assertEquals(transport.calls.map(({ method }) => method), ["write", "close"]);
 * assertEquals((await transport.closed).endedBy, "local");
 * ```
 *
 * @example A peer that does not read
 * ```ts
 * import { RecordingProtocol, RecordingTransport } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const protocol = new RecordingProtocol();
 * const transport = new RecordingTransport(protocol, { writeBufferLimits: { high: 10 } });
 * transport.start();
 * transport.stall();
 * assertEquals(transport.write("more than ten bytes"), false);
 * transport.drain();
 * assertEquals(protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
 * ```
 */
export class RecordingTransport implements Transport {
  /** The exceptions that callbacks threw, in order. */
  readonly errors: Error[] = [];
  readonly #calls: TransportCall[] = [];
  readonly #written = new ReceiveBuffer();
  readonly #options: RecordingTransportOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #marks: WaterMarks;
  readonly #closed = Promise.withResolvers<CloseInfo>();
  readonly #delivery: Delivery;
  // The error that a callback threw for fed bytes, until the test's call rejects with it.
  #thrown: { readonly error: unknown } | null = null;
  #isPeerDone = false;
  #isStalled = false;
  #received = 0;
  #queued = 0;
  #startedAt = 0;
  #endedBy: "local" | "peer" = "local";

  /** Begins with {@linkcode start}. */
  constructor(protocol: AnyProtocol, options: RecordingTransportOptions = {}) {
    this.#delivery = new Delivery(protocol, (_callback, error) => {
      this.#thrown = { error };
      this.#fail(error);
    });
    this.#options = options;
    this.#marks = new WaterMarks(options.writeBufferLimits);
  }

  /** The calls so far that change something, in order. */
  get calls(): readonly TransportCall[] {
    return this.#calls;
  }

  /** All bytes written so far, also those that are queued: not those that were dropped. */
  get written(): Bytes {
    return this.#written.peek(this.#written.length);
  }

  /** {@linkcode written}, read as UTF-8. */
  get writtenText(): string {
    return new TextDecoder().decode(this.written);
  }

  /**
   * Tells the protocol of the connection.
   *
   * @throws The error that `connectionMade` throws.
   */
  start(): void {
    this.#startedAt = performance.now();
    this.#lifecycle.advance("made");
    this.#call(() => this.#delivery.protocol.connectionMade?.(this));
  }

  /**
   * Hands the protocol bytes, as if the peer had sent them.
   *
   * @param data The bytes, of which the protocol gets a copy, or a string that is sent as UTF-8.
   * @returns Settles when the protocol has dealt with them: after the promise that it returned.
   * While reading is paused the bytes wait, and so does this. If the connection ends first, they
   * are dropped.
   * @throws The error that the protocol throws.
   */
  async feed(data: Uint8Array | string): Promise<void> {
    const chunk = new Uint8Array(toBytes(data));
    this.#checkFeed();
    if (this.isClosing() || chunk.length === 0) return;
    this.#received += chunk.length;
    await this.#delivery.push(chunk);
    const thrown = this.#thrown;
    this.#thrown = null;
    if (thrown !== null) throw thrown.error;
  }

  /**
   * Tells the protocol that the peer sends no more. Waits like {@linkcode feed}.
   *
   * @throws The error that `eofReceived` throws.
   */
  async feedEof(): Promise<void> {
    this.#checkFeed();
    this.#isPeerDone = true;
    if (!this.#delivery.isReady) await this.#delivery.ready();
    if (!this.isClosing()) await this.#tellEof();
  }

  /** Ends the connection as if the network had failed, or the peer had vanished without a word. */
  lose(error: Error): void {
    this.#lose("error", error);
  }

  /** The peer stops reading: what is written from now on stays queued. */
  stall(): void {
    this.#isStalled = true;
  }

  /**
   * The peer reads what is queued. Without a number it takes all and goes on reading.
   *
   * @param bytes How many it takes.
   * @throws The error that `resumeWriting` throws.
   */
  drain(bytes?: number): void {
    if (bytes === undefined) this.#isStalled = false;
    if (!this.#lifecycle.allows("lose")) return;
    this.#queued -= Math.min(bytes ?? Infinity, this.#queued);
    if (this.#marks.resumesAt(this.#queued)) {
      this.#call(() => this.#delivery.protocol.resumeWriting?.());
    }
    this.#endIfFlushed();
  }

  write(data: Uint8Array | string): boolean {
    const bytes = toBytes(data);
    this.#record("write", typeof data === "string" ? data : copyOf(bytes));
    return this.#accept([bytes]);
  }

  writelines(parts: Iterable<Uint8Array | string>): boolean {
    const pieces = toPieces(parts).map((piece) => copyOf(piece));
    this.#record("writelines", pieces);
    return this.#accept(pieces);
  }

  writeEof(): void {
    this.#record("writeEof");
    if (!this.#lifecycle.allows("writeEof")) return;
    if (!this.canWriteEof()) {
      throw new InvalidStateError("Cannot end writing: the transport has no half-close");
    }
    this.#lifecycle.advance("writeEof");
  }

  canWriteEof(): boolean {
    return this.#options.halfClose ?? true;
  }

  close(): void {
    this.#record("close");
    this.#close("local");
  }

  abort(reason?: Error): void {
    this.#record("abort", ...(reason === undefined ? [] : [reason]));
    if (reason === undefined) this.#lose("abort", null);
    else this.#lose("error", reason);
  }

  isClosing(): boolean {
    return this.#lifecycle.isClosing;
  }

  pauseReading(): void {
    this.#record("pauseReading");
    this.#delivery.pause();
  }

  resumeReading(): void {
    this.#record("resumeReading");
    this.#delivery.resume();
  }

  isReading(): boolean {
    return !this.#delivery.paused && !this.isClosing();
  }

  setWriteBufferLimits(limits: { readonly high?: number; readonly low?: number } = {}): void {
    this.#record("setWriteBufferLimits", limits);
    this.#marks.limits = limits;
    this.#pauseIfFull();
  }

  getWriteBufferLimits(): WriteBufferLimits {
    return this.#marks.limits;
  }

  getWriteBufferSize(): number {
    return this.#queued;
  }

  setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    this.#record("setProtocol", protocol, ...(options === undefined ? [] : [options]));
    if (!switchProtocol(this.#delivery, protocol, options).replaysEof) return;
    const { state } = this.#lifecycle;
    if (state === "readEnded" || state === "ended") void this.#tellEofAgain(protocol);
  }

  getProtocol(): AnyProtocol {
    return this.#delivery.protocol;
  }

  getExtraInfo<K extends string, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    // The test's own values: it gives each name the type that ExtraInfo promises.
    return (this.#options.extraInfo?.[name] ?? fallback ?? null) as ExtraInfoValue<K> | F;
  }

  get closed(): Promise<CloseInfo> {
    return this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeInTime(this);
  }

  #record(method: string, ...args: unknown[]): void {
    this.#calls.push({ method, args });
  }

  #accept(pieces: Uint8Array[]): boolean {
    if (this.#mayWrite()) {
      for (const bytes of pieces) {
        this.#written.append(copyOf(bytes));
        if (this.#isStalled) this.#queued += bytes.length;
      }
      this.#pauseIfFull();
    }
    return !this.#marks.paused;
  }

  #mayWrite(): boolean {
    const { state } = this.#lifecycle;
    if (this.isClosing()) return false;
    if (state === "writeEnded" || state === "ended") {
      throw new InvalidStateError("Cannot write: writeEof() was called");
    }
    const limit = this.#options.maxWriteBuffer ?? DEFAULT_MAX_WRITE_BUFFER;
    if (this.#queued <= limit) return true;
    this.#lose("error", new WriteBufferFullError(this.#queued, limit, "the peer"));
    return false;
  }

  #pauseIfFull(): void {
    if (!this.#marks.pausesAt(this.#queued)) return;
    // Inside a call of the protocol's own: the exception is not that call's.
    callBack(this.#delivery.protocol, "pauseWriting", (_, thrown) => this.#fail(thrown));
  }

  #checkFeed(): void {
    if (!this.#isPeerDone && this.#lifecycle.state !== "fresh") return;
    const why = this.#isPeerDone ? "feedEof() was called" : "start() was not called";
    throw new InvalidStateError(`Cannot feed: ${why}`);
  }

  async #tellEof(): Promise<void> {
    if (this.#lifecycle.allows("peerEof")) this.#lifecycle.advance("peerEof");
    try {
      const answer = this.getProtocol().eofReceived?.();
      const keepsOpen = answer instanceof Promise ? await answer : answer;
      if (!keepsOpen) this.#close("peer");
    } catch (thrown) {
      this.#fail(thrown);
      throw thrown;
    }
  }

  /** The protocol before has heard of it; `protocol` hears of it after the unread bytes. */
  async #tellEofAgain(protocol: AnyProtocol): Promise<void> {
    await this.#delivery.ready();
    if (this.isClosing() || this.getProtocol() !== protocol) return;
    await this.#tellEof().catch(() => {});
  }

  /**
   * Calls back for the test, which gets what the callback throws. A rejection comes later, and ends
   * the connection.
   */
  #call(callback: () => unknown): void {
    try {
      const answer = callback();
      if (isThenable(answer)) Promise.resolve(answer).catch((thrown) => this.#fail(thrown));
    } catch (thrown) {
      this.#fail(thrown);
      throw thrown;
    }
  }

  #fail(thrown: unknown): void {
    const error = toError(thrown);
    this.errors.push(error);
    this.#lose("error", error);
  }

  #close(by: "local" | "peer"): void {
    if (!this.#lifecycle.allows("close")) return;
    this.#lifecycle.advance("close");
    this.#endedBy = by;
    this.#delivery.stop();
    this.#endIfFlushed();
  }

  #endIfFlushed(): void {
    if (this.#lifecycle.state === "closing" && this.#queued === 0) this.#lose(this.#endedBy, null);
  }

  #lose(endedBy: CloseInfo["endedBy"], error: Error | null): void {
    if (!this.#lifecycle.allows("lose")) return;
    this.#lifecycle.advance("lose");
    const info: CloseInfo = {
      endedBy,
      error,
      bytesRead: this.#received,
      bytesWritten: this.#written.length - this.#queued,
      bytesUnsent: this.#queued,
      durationMs: performance.now() - this.#startedAt,
    };
    this.#queued = 0;
    this.#delivery.stop();
    queueMicrotask(() => {
      callBack(this.#delivery.protocol, "connectionLost", (_, thrown) => this.#fail(thrown), error);
      this.#lifecycle.advance("release");
      this.#closed.resolve(info);
    });
  }
}
