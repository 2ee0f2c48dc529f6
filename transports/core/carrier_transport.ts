import { giveTransport } from "../../protocols/base_protocol.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/close_info.ts";
import type {
  AbortOptions,
  AnyProtocol,
  BaseProtocolCallbacks,
  SetProtocolOptions,
  Transport,
  WriteBufferLimits,
  WriteOptions,
} from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/extra_info.ts";
import { InvalidStateError, WriteBufferFullError } from "../../protocols/errors.ts";
import type { WaitQueue } from "../../protocols/wait_queue.ts";
import { formatAddress } from "./addresses.ts";
import { cannotReset, toAbortOptions } from "./abort_options.ts";
import type { Carrier } from "./carrier.ts";
import { startTimer } from "./clock.ts";
import { closeInTime } from "./close_in_time.ts";
import { callBack, type CallbackErrorSink, isLoss } from "./callbacks.ts";
import { Delivery } from "./read/delivery.ts";
import { type ErrorHandler, report, toError } from "./error_report.ts";
import { Lifecycle } from "./lifecycle.ts";
import { describeOsError } from "./os_error.ts";
import { Outbound, type OutboundEvents } from "./write/outbound.ts";
import { pump, type PumpEvents } from "./read/pump.ts";
import { switchProtocol } from "./read/switch_protocol.ts";
import { isPushSource, PushReader } from "./read/push_reader.ts";
import { DEFAULT_MAX_WRITE_BUFFER, type TransportOptions } from "./transport_options.ts";
import { checkData, discard, takeOver, toParts } from "./write/to_bytes.ts";
import { checkWriteBufferLimits } from "./write/water_marks.ts";
import { gateOf } from "./write/write_gate.ts";

/** Told when connections begin and end: by a server, for instance. */
export interface ConnectionTracker {
  /** A connection is there. */
  onMade(transport: Transport): void;
  /** It has ended, after `connectionLost`. */
  onClosed(transport: Transport): void;
}

/**
 * The transport over any {@linkcode Carrier}. It joins the two halves of a connection to its
 * {@linkcode Lifecycle}: every call of the user and every event of the carrier is an event of that
 * table.
 *
 * Every end of the connection goes through `#lose`, which decides the outcome, and `#release`,
 * which runs a little later, tells the protocol and frees the carrier. So `connectionLost` never
 * runs inside a call of the user, and runs once.
 */
export class CarrierTransport implements Transport {
  readonly #carrier: Carrier;
  readonly #options: TransportOptions;
  readonly #tracker: ConnectionTracker | undefined;
  readonly #lifecycle = new Lifecycle();
  readonly #delivery: Delivery;
  readonly #outbound: Outbound;
  readonly #events: PumpEvents & OutboundEvents;
  #startedAt = 0;
  #received = 0;
  #hasEof = false;
  // Whether our end is only the answer to the peer's.
  #isPeerFirst = false;
  #isFinishing = false;
  #isReset = false;
  // Why nothing can be sent any more, while the rest is still being read.
  #writeFailure: Error | null = null;
  #closeInfo: CloseInfo | null = null;
  #closed: PromiseWithResolvers<CloseInfo> | null = null;
  // Ends the wait of a failed write for what the read under way says.
  #stopWaiting: (() => void) | null = null;
  // The end that ended the connection, once the queued bytes are sent.
  #endedBy: "local" | "peer" = "local";

  /** Starts with {@linkcode start}. `tracker` is told last of all. */
  constructor(
    carrier: Carrier,
    protocol: AnyProtocol,
    options: TransportOptions,
    tracker?: ConnectionTracker,
  ) {
    this.#carrier = carrier;
    this.#options = options;
    this.#tracker = tracker;
    this.#delivery = new Delivery(protocol, this.onCallbackError);
    this.#events = new CarrierTransport.#Events(this);
    this.#outbound = new Outbound(carrier, this.#events, options.writeBufferLimits);
  }

  /** The events of both halves, which no other code can call. */
  static readonly #Events = class implements PumpEvents, OutboundEvents {
    readonly #transport: CarrierTransport;

    constructor(transport: CarrierTransport) {
      this.#transport = transport;
    }

    onReceived(bytes: number): void {
      this.#transport.#received += bytes;
    }

    onEof(): void | Promise<void> {
      return this.#transport.#onEof();
    }

    onReadError(error: unknown): void {
      this.#transport.#onReadError(error);
    }

    onPause(): void {
      this.#transport.#call("pauseWriting");
    }

    onResume(): void {
      this.#transport.#call("resumeWriting");
    }

    onFlushed(): void {
      if (this.#transport.#lifecycle.state === "closing") this.#transport.#finish();
    }

    onWriteError(error: unknown): void {
      this.#transport.failWriting(error);
    }
  };

  /** Counts the time of the connection from now on: what went before was a handshake. */
  restartClock(): void {
    this.#startedAt = performance.now();
  }

  /** Tells the protocol of the connection, as `transport`, then reads. */
  start(transport: Transport = this): void {
    this.#startedAt = performance.now();
    this.#lifecycle.advance("made");
    giveTransport(this.#delivery.protocol, transport);
    this.#call("connectionMade", transport);
    const { source } = this.#carrier;
    if (isPushSource(source)) new PushReader(source, this.#delivery, this.#events).start();
    else void pump(source, this.#delivery, this.#events);
  }

  /** Whether the protocol was told to pause writing. */
  get isWritingPaused(): boolean {
    return this.#outbound.paused;
  }

  /** Whether `writeEof()` was called. */
  get isWritingEnded(): boolean {
    return this.#outbound.isEnding;
  }

  /** Has a `close()` that follows count as the peer's: by default if its end came before ours. */
  followPeer(isPeerFirst: boolean = this.#hasEof && !this.#outbound.isEnding): void {
    this.#isPeerFirst = isPeerFirst;
  }

  /** Calls back whenever written bytes are sent; the returned function ends that. */
  watchSent(callback: () => void): () => void {
    return this.#outbound.watchSent(callback);
  }

  /** Where to wait until what was written is sent or dropped; `null` if that is so. */
  get sentQueue(): WaitQueue | null {
    return this.#outbound.sentQueue;
  }

  /** Has what arrives wait until `until` has resolved; it must not reject. */
  holdDelivery(until: Promise<void>): void {
    this.#delivery.hold(until);
  }

  write(data: Uint8Array | string, options?: WriteOptions): boolean {
    checkData(data);
    return this.#write(data.length > 0 ? [data] : [], options);
  }

  writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.#write(toParts(parts, options), options);
  }

  writeEof(): void {
    if (!this.#lifecycle.allows("writeEof")) return;
    if (this.#carrier.direction === "write") return this.#close("local");
    if (!this.canWriteEof()) {
      throw new InvalidStateError(`Cannot end writing to ${this.#peer()}: it has no half-close`);
    }
    if (gateOf(this)?.holdEof()) return;
    this.#lifecycle.advance("writeEof");
    this.#outbound.end();
  }

  canWriteEof(): boolean {
    return this.#carrier.closeWrite !== undefined || this.#carrier.direction === "write";
  }

  close(): void {
    this.#close("local");
  }

  abort(reason?: Error | AbortOptions): void {
    const { reason: error = null, reset = false } = toAbortOptions(reason);
    if (reset && !this.canReset) throw cannotReset(this.#peer());
    this.#isReset ||= reset && this.#lifecycle.allows("lose");
    this.#lose(error === null ? "abort" : "error", error);
  }

  /** Whether the connection can be reset. */
  get canReset(): boolean {
    return this.#carrier.canReset ?? false;
  }

  isClosing(): boolean {
    return this.#lifecycle.isClosing;
  }

  pauseReading(): void {
    if (!this.isClosing()) this.#delivery.pause();
  }

  resumeReading(): void {
    if (!this.isClosing()) this.#delivery.resume();
  }

  isReading(): boolean {
    return !this.isClosing() && !this.#delivery.paused;
  }

  setWriteBufferLimits(limits: { readonly high?: number; readonly low?: number } = {}): void {
    checkWriteBufferLimits(limits);
    this.#outbound.limits = limits;
  }

  getWriteBufferLimits(): WriteBufferLimits {
    return this.#outbound.limits;
  }

  getWriteBufferSize(): number {
    return this.#outbound.size + (gateOf(this)?.size ?? 0);
  }

  setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    const { replaysEof } = switchProtocol(this.#delivery, protocol, options);
    giveTransport(protocol, this);
    if (!replaysEof) return;
    const { state } = this.#lifecycle;
    if (state === "readEnded" || state === "ended") void this.#tellEofAgain(protocol);
  }

  getProtocol(): AnyProtocol {
    return this.#delivery.protocol;
  }

  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    const value = this.#carrier.getExtraInfo(name) ?? fallback ?? null;
    // The carrier gives each name the type that ExtraInfo promises; F is null where no fallback is
    // given.
    return value as ExtraInfoValue<K> | F;
  }

  get closed(): Promise<CloseInfo> {
    this.#closed ??= Promise.withResolvers();
    if (this.#closeInfo !== null && this.#lifecycle.state === "closed") {
      this.#closed.resolve(this.#closeInfo);
    }
    return this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeInTime(this);
  }

  /**
   * Nothing can be sent any more. Bytes that the peer sent before are still read, and its end; then
   * the loss is told.
   */
  failWriting(error: unknown): void {
    const described = describeOsError(error, `Cannot write to ${this.#peer()}`);
    if (this.#hasEof || this.#carrier.direction === "write") return this.#lose("error", described);
    // A reset is told to one operation only. If the read under way is told, it knows better than
    // the write, which fails in the same turn with a mere broken pipe.
    this.#stopWaiting ??= startTimer(0, () => this.#tellWriteFailure(described));
    this.#writeFailure ??= described;
  }

  /** Where what is reported of this connection goes; the console by default. */
  get onError(): ErrorHandler | undefined {
    return this.#options.onError;
  }

  readonly onCallbackError: CallbackErrorSink = (callback, thrown) => {
    const error = toError(thrown);
    if (!isLoss(callback, error, this.#closeInfo)) {
      report(this.#options.onError, error, { callback, transport: this });
    }
    this.#lose("error", error);
  };

  #onEof(): void | Promise<void> {
    this.#hasEof = true;
    this.#lifecycle.advance("peerEof");
    const answered = this.#tellEof();
    if (this.#writeFailure !== null) this.#lose("error", this.#writeFailure);
    return answered;
  }

  #onReadError(error: unknown): void {
    this.#lose("error", describeOsError(error, `Cannot read from ${this.#peer()}`));
  }

  #tellWriteFailure(error: Error): void {
    // A protocol that does not read and cannot be told otherwise would never hear of it.
    const isTold = "writingFailed" in this.#delivery.protocol;
    if (this.isClosing() || (!isTold && this.#delivery.paused)) return this.#lose("error", error);
    this.#call("writingFailed", error);
    this.#outbound.abandon();
  }

  #call(callback: keyof BaseProtocolCallbacks | "eofReceived", ...args: unknown[]): unknown {
    return callBack(this.#delivery.protocol, callback, this.onCallbackError, ...args);
  }

  #tellEof(): void | Promise<void> {
    const answer = this.#call("eofReceived");
    if (answer instanceof Promise) return answer.then((keepsOpen) => this.#answerEof(keepsOpen));
    this.#answerEof(answer);
  }

  #answerEof(keepsOpen: unknown): void {
    if (!keepsOpen || this.#carrier.direction === "read") this.#close("peer");
  }

  /**
   * The last protocol has heard of it; `protocol` replaced that one and hears of it after the
   * unread bytes.
   */
  async #tellEofAgain(protocol: AnyProtocol): Promise<void> {
    await this.#delivery.ready();
    if (!this.#delivery.stopped && this.#delivery.protocol === protocol) void this.#tellEof();
  }

  #write(pieces: (Uint8Array | string)[], options: WriteOptions | undefined): boolean {
    const isOpen = this.#mayWrite();
    const areOwned = options !== undefined && takeOver(pieces, options);
    const isHeld = isOpen && pieces.length > 0 && gateOf(this)?.hold(...pieces) === true;
    if (isOpen && !isHeld) {
      for (const data of pieces) this.#outbound.push(data, areOwned);
      if (pieces.length > 0) this.#outbound.commit();
    } else if (areOwned) discard(pieces);
    return !isHeld && !this.#outbound.paused;
  }

  #mayWrite(): boolean {
    if (this.#carrier.direction === "read") {
      throw new InvalidStateError("Cannot write: this is a pipe to read from");
    }
    if (this.#outbound.isEnding) {
      throw new InvalidStateError(`Cannot write to ${this.#peer()}: writeEof() was called`);
    }
    if (this.isClosing() || this.#writeFailure !== null) return false;
    const size = this.getWriteBufferSize();
    const limit = this.#options.maxWriteBuffer ?? DEFAULT_MAX_WRITE_BUFFER;
    if (size <= limit) return true;
    this.#lose("error", new WriteBufferFullError(size, limit, this.#peer()));
    return false;
  }

  #close(by: "local" | "peer"): void {
    if (!this.#lifecycle.allows("close")) return;
    if (this.#writeFailure !== null) return this.#lose("error", this.#writeFailure);
    this.#lifecycle.advance("close");
    this.#endedBy = this.#isPeerFirst ? "peer" : by;
    this.#delivery.stop();
    if (this.#outbound.isFlushed) this.#finish();
    else this.#outbound.flush();
  }

  /** Everything was handed to the carrier. */
  #finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    if (this.#carrier.finish === undefined) return this.#lose(this.#endedBy, null);
    const onFailed = (thrown: unknown): void => this.#lose("error", toError(thrown));
    try {
      this.#carrier.finish().then(() => this.#lose(this.#endedBy, null), onFailed);
    } catch (thrown) {
      onFailed(thrown);
    }
  }

  #lose(endedBy: CloseInfo["endedBy"], error: Error | null): void {
    if (!this.#lifecycle.allows("lose")) return;
    this.#lifecycle.advance("lose");
    this.#closeInfo = {
      endedBy,
      error,
      bytesRead: this.#received,
      bytesWritten: this.#outbound.sent,
      bytesUnsent: this.#outbound.unsent + (gateOf(this)?.size ?? 0),
      durationMs: performance.now() - this.#startedAt,
    };
    this.#stopWaiting?.();
    this.#delivery.stop();
    this.#outbound.stop();
    queueMicrotask(() => this.#release());
  }

  #release(): void {
    this.#call("connectionLost", this.#closeInfo?.error ?? null);
    this.#lifecycle.advance("release");
    if (this.#closeInfo === null) return;
    const outcome = this.#isReset ? { ...this.#closeInfo, reset: true } : this.#closeInfo;
    callBack(this.#carrier, "close", this.onCallbackError, outcome);
    this.#closed?.resolve(this.#closeInfo);
    this.#tracker?.onClosed(this);
  }

  #peer(): string {
    const peer = this.getExtraInfo("peername");
    return peer === null ? "the peer" : formatAddress(peer);
  }
}
