import { checkWriteBufferLimits } from "../core/write/water_marks.ts";
import type { Address } from "../../protocols/facts/address.ts";
import type { WriteBufferLimits } from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import type {
  DatagramCloseInfo,
  DatagramDestination,
  DatagramProtocolCallbacks,
  DatagramTransport,
  DroppedDatagrams,
  GroupOptions,
} from "../../protocols/datagram_contract.ts";
import { check } from "../../protocols/option_checks.ts";
import { giveTransport } from "../../protocols/base_protocol.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";
import { formatAddress } from "../core/addresses.ts";
import { callBack, type CallbackErrorSink, checkProtocol } from "../core/callbacks.ts";
import { startTimer } from "../core/clock.ts";
import { type ErrorHandler, report, toError } from "../core/error_report.ts";
import { checkReason } from "../core/ending/abort_options.ts";
import { Lifecycle } from "../core/ending/lifecycle.ts";
import { toBytes } from "../core/write/to_bytes.ts";
import type { DatagramCarrier, DatagramSink, MemoryUse } from "./datagram_carrier.ts";
import { checkGroup } from "./_check_group.ts";
import { Destinations } from "./_destination.ts";
import { Incoming, type IncomingEvents, type IncomingOptions } from "./_incoming.ts";
import type { NameCache } from "./name_cache.ts";
import { Outgoing, type OutgoingEvents, type OutgoingOptions, type Settle } from "./_outgoing.ts";

/** Options for {@linkcode EndpointTransport}, all of them decided. */
export interface EndpointOptions extends IncomingOptions, OutgoingOptions {
  readonly closeTimeout: number;
  readonly ipv6Only: boolean;
  readonly onError: ErrorHandler<DatagramTransport> | undefined;
}

/** Whether one can be told how a datagram went. */
const checkSettle = check.functionLike("(error) => …");
const SETTLE = { action: "send datagram", name: "onSettled" } as const;

/**
 * The endpoint over any {@linkcode DatagramCarrier}. It joins both halves to the same
 * {@linkcode Lifecycle} as a connection's.
 *
 * Each end goes through `#lose`, which decides the outcome, and `#release`, which runs a little
 * later, tells the protocol and frees the carrier.
 */
export class EndpointTransport
  implements DatagramTransport, DatagramSink, OutgoingEvents, IncomingEvents {
  readonly #carrier: DatagramCarrier;
  readonly #peer: Address | null;
  readonly #options: EndpointOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #closed: PromiseWithResolvers<DatagramCloseInfo> = Promise.withResolvers();
  readonly #destinations: Destinations;
  #startedAt = 0;
  #cancelDeadline: (() => void) | null = null;

  /** Starts with {@linkcode start}. With a `peer` the endpoint is connected to it. */
  constructor(
    carrier: DatagramCarrier,
    protocol: DatagramProtocolCallbacks,
    peer: Address | null,
    names: NameCache | null,
    options: EndpointOptions,
  ) {
    this.#carrier = carrier;
    this.#peer = peer;
    this.#options = options;
    this.#destinations = new Destinations(carrier.address, peer, options.ipv6Only);
    this.#incoming = new Incoming(protocol, peer, this, options);
    this.#outgoing = new Outgoing(carrier, names, this, options);
  }

  /** Tells the protocol of the endpoint, then receives. */
  start(): void {
    this.#startedAt = performance.now();
    this.#lifecycle.advance("made");
    giveTransport(this.#incoming.protocol, this);
    this.#call("connectionMade", this);
    this.#carrier.start(this);
  }

  sendto(
    data: Uint8Array | string,
    address?: DatagramDestination | null,
    onSettled?: Settle,
  ): boolean {
    const bytes = toBytes(data);
    const destination = this.#destinations.check(address);
    if (onSettled !== undefined) checkSettle(onSettled, SETTLE);
    if (this.isClosing()) {
      const error = new ConnectionLostError("Cannot send datagram: the endpoint is closed");
      callBack({ onSettled }, "onSettled", this.#onCallbackError, error);
    } else this.#outgoing.send(bytes, destination, onSettled);
    return !this.#outgoing.isPaused;
  }

  close(): void {
    if (!this.#lifecycle.allows("close")) return;
    this.#lifecycle.advance("close");
    this.#incoming.stop();
    if (this.#outgoing.isFlushed) return this.#lose("local", null);
    this.#cancelDeadline = startTimer(
      this.#options.closeTimeout,
      () => this.#lose("abort", null),
    );
  }

  abort(reason?: Error): void {
    if (reason === undefined) return this.#lose("abort", null);
    checkReason(reason);
    this.#lose("error", reason);
  }

  isClosing(): boolean {
    return this.#lifecycle.isClosing;
  }

  pauseReading(): void {
    if (!this.isClosing()) this.#incoming.pause();
  }

  resumeReading(): void {
    if (!this.isClosing() && this.#incoming.isPaused) this.#incoming.resume();
  }

  isReading(): boolean {
    return !this.isClosing() && !this.#incoming.isPaused;
  }

  setWriteBufferLimits(limits: { readonly high?: number; readonly low?: number } = {}): void {
    checkWriteBufferLimits(limits);
    this.#outgoing.limits = limits;
  }

  getWriteBufferLimits(): WriteBufferLimits {
    return this.#outgoing.limits;
  }

  getWriteBufferSize(): number {
    return this.#outgoing.size;
  }

  setProtocol(protocol: DatagramProtocolCallbacks): void {
    checkProtocol(protocol);
    this.#incoming.protocol = protocol;
    giveTransport(protocol, this);
  }

  getProtocol(): DatagramProtocolCallbacks {
    return this.#incoming.protocol;
  }

  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    const known = name === "peername" ? this.#peer : this.#carrier.getExtraInfo(name);
    // The carrier gives each name the type that ExtraInfo promises; F is null where no fallback is
    // given.
    return (known ?? fallback ?? null) as ExtraInfoValue<K> | F;
  }

  get port(): number {
    const { address } = this.#carrier;
    return "port" in address ? address.port : 0;
  }

  async joinGroup(group: string, options: GroupOptions = {}): Promise<void> {
    this.#checkGroup("join", group, options);
    await this.#carrier.joinGroup?.(group, options);
  }

  async leaveGroup(group: string, options: GroupOptions = {}): Promise<void> {
    this.#checkGroup("leave", group, options);
    await this.#carrier.leaveGroup?.(group, options);
  }

  get dropped(): DroppedDatagrams {
    return { ...this.#incoming.dropped, sent: this.#outgoing.dropped };
  }

  get closed(): Promise<DatagramCloseInfo> {
    return this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  receive(data: Uint8Array<ArrayBuffer>, address: Address, isTruncated: boolean): MemoryUse {
    this.#destinations.remember(address);
    return this.#incoming.receive(data, address, isTruncated);
  }

  fail(error: unknown): void {
    if (!this.isClosing()) this.onError(toError(error));
  }

  lose(error: unknown): void {
    this.#lose("error", toError(error));
  }

  onPause(): void {
    this.#call("pauseWriting");
  }

  onResume(): void {
    this.#call("resumeWriting");
  }

  onError(error: Error): void {
    this.#call("errorReceived", error);
  }

  onFlushed(): void {
    if (this.#lifecycle.state === "closing") this.#lose("local", null);
  }

  get onCallbackError(): CallbackErrorSink {
    return this.#onCallbackError;
  }

  readonly #onCallbackError: CallbackErrorSink = (callback, thrown) => {
    const error = toError(thrown);
    report(this.#options.onError, error, { callback, transport: this });
    // An endpoint whose set-up failed is of no use; no other failure is worth all its peers.
    if (callback === "connectionMade") this.#lose("error", error);
  };

  #call(callback: string, ...args: readonly unknown[]): void {
    callBack(this.#incoming.protocol, callback, this.#onCallbackError, ...args);
  }

  #checkGroup(action: "join" | "leave", group: string, options: GroupOptions): void {
    const { address, joinGroup } = this.#carrier;
    if (joinGroup === undefined) {
      throw new TypeError(
        `Cannot ${action} ${group}: the endpoint ${formatAddress(address)} has no multicast`,
      );
    }
    checkGroup(action, group, options, address);
    if (this.isClosing()) throw new TypeError(`Cannot ${action} ${group}: the endpoint is closed`);
  }

  #lose(endedBy: DatagramCloseInfo["endedBy"], error: Error | null): void {
    if (!this.#lifecycle.allows("lose")) return;
    this.#lifecycle.advance("lose");
    this.#cancelDeadline?.();
    this.#incoming.stop();
    const info: DatagramCloseInfo = {
      endedBy,
      error,
      received: this.#incoming.received,
      sent: this.#outgoing.sent,
      unsent: this.#outgoing.unsent,
      dropped: this.dropped,
      durationMs: performance.now() - this.#startedAt,
    };
    this.#outgoing.stop(error);
    queueMicrotask(() => this.#release(info));
  }

  #release(info: DatagramCloseInfo): void {
    this.#call("connectionLost", info.error);
    this.#lifecycle.advance("release");
    try {
      this.#carrier.close();
    } catch (error) {
      report(this.#options.onError, toError(error), { callback: "close", transport: this });
    }
    this.#closed.resolve(info);
  }
}

/**
 * An endpoint and its protocol.
 *
 * @typeParam P What the factory made.
 */
export interface DatagramEndpoint<P extends DatagramProtocolCallbacks> {
  /** The endpoint. */
  readonly transport: DatagramTransport;
  /** The protocol that it calls. */
  readonly protocol: P;
}
