import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type {
  AbortOptions,
  AnyProtocol,
  SetProtocolOptions,
  WriteBufferLimits,
  WriteOptions,
} from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";
import type { ByteSink } from "../../transports/core/carrier.ts";
import { CarrierTransport } from "../../transports/core/carrier_transport.ts";
import { Connection } from "../../transports/core/connection.ts";
import { TRANSPORT_CHECKS } from "../../transports/core/transport_options.ts";
import { TransportWrapper } from "../../transports/core/transport_wrapper.ts";
import { toBytes, toPieces } from "../../transports/core/write/to_bytes.ts";
import { RecordingCarrier } from "./_recording_carrier.ts";

/** A call that a protocol made on a {@linkcode RecordingTransport}. */
export interface TransportCall {
  /** The name of the method. */
  readonly method: string;
  /** The arguments; bytes as a copy. */
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
   * The result of `canWriteEof()`.
   *
   * @default {true}
   */
  readonly halfClose?: boolean;
  /** The values of `getExtraInfo`, by name; none by default. */
  readonly extraInfo?: Readonly<Record<string, unknown>>;
}

/** The checks of {@linkcode RecordingTransportOptions}. */
export const RECORDING_CHECKS: OptionTable<RecordingTransportOptions> = {
  writeBufferLimits: TRANSPORT_CHECKS.writeBufferLimits,
  maxWriteBuffer: TRANSPORT_CHECKS.maxWriteBuffer,
  halfClose: check.flag,
  extraInfo: check.objectWith("an object with values by name"),
};

/**
 * A transport that leads nowhere, to test a protocol by itself: the test plays the peer.
 *
 * It writes down every call that changes something, and keeps what is written. Otherwise it is the
 * transport that every connection has, over a peer that reads all that is written unless
 * {@linkcode stall} says that it does not: bytes count as queued until the callbacks of this turn
 * are done, and `connectionLost` comes a little after the call that ended the connection.
 *
 * An exception thrown by a callback ends the connection with that error, as with every transport.
 * It also comes out of the test's call that led to it, and is in {@linkcode errors}.
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
 * await transport.drain();
 * assertEquals(protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
 * ```
 */
export class RecordingTransport extends TransportWrapper {
  /** The exceptions that callbacks threw, in order. */
  readonly errors: Error[] = [];
  readonly #calls: TransportCall[] = [];
  readonly #written = new ReceiveBuffer();
  readonly #carrier: RecordingCarrier;
  readonly #connection: Connection;
  // The error of a callback, until the test's call that led to it throws it.
  #thrown: Error | null = null;
  #isPeerDone = false;

  /**
   * Begins with {@linkcode start}.
   *
   * @throws {TypeError} If an option is of a wrong kind, or there is no such option.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(protocol: AnyProtocol, options: RecordingTransportOptions = {}) {
    checkOptions("record transport", options, RECORDING_CHECKS);
    const { halfClose = true, extraInfo = {}, ...limits } = options;
    const carrier = new RecordingCarrier(halfClose, extraInfo);
    const onError = (error: Error): void => {
      this.#thrown = error;
      this.errors.push(error);
    };
    const connection = new Connection(carrier, protocol, { ...limits, onError });
    super(new CarrierTransport(connection));
    this.#carrier = carrier;
    this.#connection = connection;
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
    this.#connection.start(this);
    this.#rethrow();
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
    const chunk = copyOf(toBytes(data));
    const sink = this.#sink();
    if (this.isClosing() || chunk.length === 0) return;
    if (!sink.receive(chunk, chunk.length)) await sink.delivered();
    this.#rethrow();
  }

  /**
   * Tells the protocol that the peer sends no more. Waits like {@linkcode feed}.
   *
   * @throws The error that `eofReceived` throws.
   */
  async feedEof(): Promise<void> {
    const sink = this.#sink();
    this.#isPeerDone = true;
    await sink.end();
    this.#rethrow();
  }

  /** Ends the connection as if the network had failed, or the peer had vanished without a word. */
  lose(error: Error): void {
    super.abort(error);
  }

  /** The peer stops reading: what is written from now on stays queued. */
  stall(): void {
    if (!this.#carrier.isLimited) this.#carrier.limit(this.getWriteBufferSize());
  }

  /**
   * The peer reads what is queued. Without a number it takes all and goes on reading.
   *
   * @param bytes How many it takes.
   * @returns Settles when it has them, or the connection is lost.
   * @throws The error that `resumeWriting` throws.
   */
  async drain(bytes: number = Infinity): Promise<void> {
    const carrier = this.#carrier;
    const most = Math.min(bytes, this.getWriteBufferSize());
    const end = carrier.taken + most;
    if (carrier.isLimited) carrier.limit(bytes === Infinity ? Infinity : most);
    await carrier.until(() => carrier.taken >= end);
    this.#rethrow();
  }

  /** As `Transport`: recorded, then done. */
  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    const bytes = toBytes(data);
    const kept = copyOf(bytes);
    this.#record("write", typeof data === "string" ? data : kept);
    return this.#keep([kept], () => super.write(bytes, options));
  }

  /** As `Transport`: recorded, then done. */
  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    const given = toPieces(parts, options);
    const pieces = given.map((piece) => copyOf(piece));
    this.#record("writelines", pieces);
    return this.#keep(pieces, () => super.writelines(given, options));
  }

  /** As `Transport`: recorded, then done. */
  override writeEof(): void {
    this.#record("writeEof");
    super.writeEof();
  }

  /** As `Transport`: recorded, then done. */
  override close(): void {
    this.#record("close");
    super.close();
  }

  /** As `Transport`: recorded, then done. */
  override abort(reason?: Error | AbortOptions): void {
    this.#record("abort", ...(reason === undefined ? [] : [reason]));
    super.abort(reason);
  }

  /** As `Transport`: recorded, then done. */
  override pauseReading(): void {
    this.#record("pauseReading");
    super.pauseReading();
  }

  /** As `Transport`: recorded, then done. */
  override resumeReading(): void {
    this.#record("resumeReading");
    super.resumeReading();
  }

  /** As `Transport`: recorded, then done. */
  override setWriteBufferLimits(
    limits: { readonly high?: number; readonly low?: number } = {},
  ): void {
    this.#record("setWriteBufferLimits", limits);
    super.setWriteBufferLimits(limits);
  }

  /** As `Transport`: recorded, then done. */
  override setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    this.#record("setProtocol", protocol, ...(options === undefined ? [] : [options]));
    super.setProtocol(protocol, options);
  }

  #record(method: string, ...args: unknown[]): void {
    this.#calls.push({ method, args });
  }

  /** Keeps the pieces that the transport accepts. */
  #keep(pieces: readonly Uint8Array[], write: () => boolean): boolean {
    const before = this.#accepted;
    const goesOn = write();
    if (this.#accepted > before) {
      for (const bytes of pieces) {
        this.#written.append(copyOf(bytes));
      }
    }
    return goesOn;
  }

  /** The bytes that the transport has accepted and not dropped. */
  get #accepted(): number {
    return this.#carrier.taken + this.getWriteBufferSize();
  }

  /** Where the bytes of the peer go. */
  #sink(): ByteSink {
    const { sink } = this.#carrier;
    if (sink !== null && !this.#isPeerDone) return sink;
    const why = this.#isPeerDone ? "feedEof() was called" : "start() was not called";
    throw new InvalidStateError(`Cannot feed: ${why}`);
  }

  /** Throws what a callback has thrown, once. */
  #rethrow(): void {
    const thrown = this.#thrown;
    this.#thrown = null;
    if (thrown !== null) throw thrown;
  }
}
