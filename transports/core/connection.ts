import { giveTransport } from "../../protocols/base_protocol.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { AnyProtocol, BaseProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { InvalidStateError, WriteBufferFullError } from "../../protocols/errors.ts";
import { peerName } from "./addresses.ts";
import { callBack, type CallbackErrorSink, isLoss } from "./callbacks.ts";
import type { Carrier } from "./carrier.ts";
import type { ConnectionTracker } from "./connection_tracker.ts";
import { report, toError } from "./error_report.ts";
import { Lifecycle } from "./ending/lifecycle.ts";
import { Outcome } from "./ending/outcome.ts";
import { WriteFailure } from "./ending/write_failure.ts";
import { describeOsError } from "./os_error.ts";
import { Delivery } from "./read/delivery.ts";
import { pump, type PumpEvents } from "./read/pump.ts";
import { isPushSource, PushReader } from "./read/push_reader.ts";
import { gateOf } from "./stack_slot.ts";
import { DEFAULT_MAX_WRITE_BUFFER, type TransportOptions } from "./transport_options.ts";
import { Outbound, type OutboundEvents } from "./write/outbound.ts";

/**
 * A connection over any {@linkcode Carrier}, as the library sees it; users have its
 * `CarrierTransport`. It joins the two halves of a connection to its {@linkcode Lifecycle}: every
 * call of the user and every event of the carrier is an event of that table.
 *
 * Every end of the connection goes through {@linkcode lose}, which decides the outcome, and
 * `#release`, which runs a little later, tells the protocol and frees the carrier. So
 * `connectionLost` never runs inside a call of the user, and runs once.
 */
export class Connection implements PumpEvents, OutboundEvents {
  readonly carrier: Carrier;
  readonly options: TransportOptions;
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly delivery: Delivery;
  readonly outbound: Outbound;
  readonly outcome: Outcome = new Outcome();
  /** Why nothing can be sent any more, though the connection is not lost yet. */
  writeFailure: WriteFailure | null = null;
  readonly #tracker: ConnectionTracker | undefined;
  #transport: Transport | null = null;
  // Whether the peer has ended its direction.
  #hasEof = false;
  // The end that a close counts as.
  #closedBy: "local" | "peer" = "local";

  /** Starts with {@linkcode start}. `tracker` is told last of all. */
  constructor(
    carrier: Carrier,
    protocol: AnyProtocol,
    options: TransportOptions,
    tracker?: ConnectionTracker,
  ) {
    this.carrier = carrier;
    this.options = options;
    this.#tracker = tracker;
    this.delivery = new Delivery(protocol, this.onCallbackError);
    this.outbound = new Outbound(carrier, this, options.writeBufferLimits);
  }

  /**
   * The transport that users have.
   *
   * @throws {InvalidStateError} If none was made yet.
   */
  get transport(): Transport {
    if (this.#transport === null) throw new InvalidStateError("Cannot use transport: none is made");
    return this.#transport;
  }

  set transport(transport: Transport) {
    this.#transport = transport;
  }

  /** The name of the other end in error messages. */
  get peer(): string {
    return peerName(this.carrier);
  }

  /** Tells the protocol of the connection, as `transport`, then reads. */
  start(transport: Transport = this.transport): void {
    this.outcome.restartClock();
    this.lifecycle.advance("made");
    giveTransport(this.delivery.protocol, transport);
    this.call("connectionMade", transport);
    const { source } = this.carrier;
    if (isPushSource(source)) new PushReader(source, this.delivery, this).start();
    else void pump(source, this.delivery, this);
    if (!this.lifecycle.isClosing) this.writeFailure?.tellInTime();
  }

  onReceived(bytes: number): void {
    this.outcome.received += bytes;
  }

  onReadError(error: unknown): void {
    this.lose("error", describeOsError(error, `Cannot read from ${this.peer}`));
  }

  onPause(): void {
    this.call("pauseWriting");
  }

  onResume(): void {
    this.call("resumeWriting");
  }

  onFlushed(): void {
    if (this.lifecycle.state === "closing") this.#finish();
  }

  onQueueError(error: unknown): void {
    this.lose("error", toError(error));
  }

  readonly onCallbackError: CallbackErrorSink = (callback, thrown) => {
    const error = toError(thrown);
    if (!isLoss(callback, error, this.outcome.info)) {
      report(this.options.onError, error, { callback, transport: this.#transport });
    }
    this.lose("error", error);
  };

  /** Calls a callback of the protocol. */
  call(callback: keyof BaseProtocolCallbacks | "eofReceived", ...args: unknown[]): unknown {
    return callBack(this.delivery.protocol, callback, this.onCallbackError, ...args);
  }

  onEof(): void | Promise<void> {
    this.#hasEof = true;
    this.lifecycle.advance("peerEof");
    const answered = this.#tellEof();
    if (this.writeFailure !== null) this.lose("error", this.writeFailure.error);
    return answered;
  }

  /**
   * Calls `eofReceived` of `protocol` after its unread bytes. The protocol that it replaced had
   * that call already.
   */
  async tellEofAgain(protocol: AnyProtocol): Promise<void> {
    await this.delivery.ready();
    if (!this.delivery.stopped && this.delivery.protocol === protocol) void this.#tellEof();
  }

  #tellEof(): void | Promise<void> {
    const answer = this.call("eofReceived");
    if (answer instanceof Promise) return answer.then((keepsOpen) => this.#answerEof(keepsOpen));
    this.#answerEof(answer);
  }

  #answerEof(keepsOpen: unknown): void {
    if (keepsOpen && this.carrier.direction !== "read") return;
    this.followPeer(true);
    this.close();
  }

  /** Has a `close()` that follows count as the peer's: by default if its end came before ours. */
  followPeer(isPeerFirst: boolean = this.#hasEof && !this.outbound.isEnding): void {
    if (this.lifecycle.allows("close")) this.#closedBy = isPeerFirst ? "peer" : "local";
  }

  /**
   * Nothing can be sent any more. Bytes that the peer sent before are still read, and its end; then
   * the loss is told.
   */
  onWriteError(error: unknown): void {
    const described = describeOsError(error, `Cannot write to ${this.peer}`);
    if (this.#hasEof || this.carrier.direction === "write") return this.lose("error", described);
    this.writeFailure = new WriteFailure(described, (failure) => this.#tellWriteFailure(failure));
    // No callback comes before `connectionMade`: a handshake below may still go on.
    if (this.lifecycle.state !== "fresh") this.writeFailure.tellInTime();
  }

  #tellWriteFailure(failure: WriteFailure): void {
    // A protocol that does not read and cannot be told otherwise would never hear of it.
    const isTold = "writingFailed" in this.delivery.protocol;
    if (this.lifecycle.isClosing || (!isTold && this.delivery.paused)) {
      return this.lose("error", failure.error);
    }
    this.call("writingFailed", failure.error);
    failure.dropped = this.outbound.size;
    this.outbound.stop();
  }

  /**
   * Whether written bytes are to be sent.
   *
   * @throws {InvalidStateError} If the direction has ended.
   */
  mayWrite(): boolean {
    if (this.carrier.direction === "read") {
      throw new InvalidStateError("Cannot write: this is a pipe to read from");
    }
    if (this.outbound.isEnding) {
      throw new InvalidStateError(`Cannot write to ${this.peer}: writeEof() was called`);
    }
    if (this.lifecycle.isClosing || this.writeFailure !== null) return false;
    const size = this.queued;
    const limit = this.options.maxWriteBuffer ?? DEFAULT_MAX_WRITE_BUFFER;
    if (size <= limit) return true;
    this.lose("error", new WriteBufferFullError(size, limit, this.peer));
    return false;
  }

  /** The bytes that were written and not yet sent: those that a layer holds back as well. */
  get queued(): number {
    const gate = this.#transport === null ? null : gateOf(this.#transport);
    return this.outbound.size + (gate?.size ?? 0);
  }

  /** Ends the connection once the queued bytes are sent. */
  close(): void {
    if (!this.lifecycle.allows("close")) return;
    if (this.writeFailure !== null) return this.lose("error", this.writeFailure.error);
    this.lifecycle.advance("close");
    this.delivery.stop();
    if (this.outbound.isFlushed) this.#finish();
    else this.outbound.flush();
  }

  /** Everything was handed to the carrier. */
  #finish(): void {
    this.lifecycle.advance("finish");
    const onDone = (): void => this.lose(this.#closedBy, null);
    if (this.carrier.finish === undefined) return onDone();
    const finished = Promise.try(() => this.carrier.finish?.());
    finished.then(onDone, (thrown) => this.lose("error", toError(thrown)));
  }

  /** Decides the outcome, if it is not decided yet; the peer sees a reset if that is wanted. */
  lose(endedBy: CloseInfo["endedBy"], error: Error | null, reset = false): void {
    if (!this.lifecycle.allows("lose")) return;
    this.lifecycle.advance("lose");
    const dropped = this.writeFailure?.dropped ?? 0;
    this.outcome.decide(endedBy, error, this.outbound.sent, this.queued + dropped);
    this.writeFailure?.stop();
    this.delivery.stop();
    this.outbound.stop();
    queueMicrotask(() => this.#release(reset));
  }

  #release(reset: boolean): void {
    const { info } = this.outcome;
    this.call("connectionLost", info?.error ?? null);
    this.lifecycle.advance("release");
    callBack(this.carrier, "close", this.onCallbackError, reset ? { ...info, reset } : info);
    this.outcome.settle();
    if (this.#transport !== null) this.#tracker?.onClosed(this.#transport);
  }
}
