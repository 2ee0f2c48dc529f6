import { giveTransport } from "../../protocols/base_protocol.ts";
import type {
  AbortOptions,
  AnyProtocol,
  ProtocolCallbacks,
  SetProtocolOptions,
  Transport,
  WriteOptions,
} from "../../protocols/contract.ts";
import { Delivery } from "../core/read/delivery.ts";
import { switchProtocol } from "../core/read/switch_protocol.ts";
import { connectionOf } from "../core/carrier_transport.ts";
import { callBack, type CallbackErrorSink, isLoss } from "../core/callbacks.ts";
import { report, toError } from "../core/error_report.ts";
import { type Bytes, joinBytes } from "../../protocols/bytes.ts";
import { toParts } from "../core/write/to_bytes.ts";
import type { WriteGate } from "../core/write/write_gate.ts";
import { gateOf, slotOf } from "../core/stack_slot.ts";
import type { TransportOptions } from "../core/transport_options.ts";
import { TransportWrapper } from "../core/transport_wrapper.ts";
import { settle } from "./layer_passage.ts";
import { PeerEnd } from "./_peer_end.ts";

/**
 * Sits between a transport and its protocol and sees both directions: a protocol to the transport
 * below, a transport to the protocol above. All that it does not override passes through.
 *
 * Override `write` and `writelines` for outgoing data, `dataReceived` for incoming data; call
 * `super` to pass it on. For bytes that are changed, kept back, or changed asynchronously, use
 * `transformLayer`.
 *
 * @example Counting what arrives
 * ```ts
 * import { type Bytes, memoryTransportPair, Protocol } from "@sluice/net";
 * import { Layer } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * class Counting extends Layer {
 *   received = 0;
 *   override dataReceived(chunk: Bytes): void | Promise<void> {
 *     this.received += chunk.length;
 *     return super.dataReceived(chunk);
 *   }
 * }
 *
 * const layers: Counting[] = [];
 * const [a, b] = await memoryTransportPair(() => new Protocol(), () => new Protocol(), {
 *   layers: [(upper, options) => layers[layers.push(new Counting(upper, options)) - 1]!],
 * });
 * a.transport.write("four");
 * a.transport.close();
 * await b.transport.closed;
 * assertEquals(layers.map(({ received }) => received), [0, 4]);
 * ```
 */
export class Layer extends TransportWrapper implements ProtocolCallbacks {
  readonly #delivery: Delivery;
  readonly #options: TransportOptions;
  readonly #peerEnd: PeerEnd;
  // How the connection was lost; null while it is not.
  #lost: { readonly error: Error | null } | null = null;
  // Bytes that the transport below knows nothing of are being delivered: it does not wait for that.
  #isUnreadWaiting = false;

  /** Goes below `upper`; the transport below comes with `connectionMade`. */
  constructor(upper: AnyProtocol, options: TransportOptions = {}) {
    super();
    this.#options = options;
    this.#delivery = new Delivery(upper, this.#fail);
    this.#peerEnd = new PeerEnd(this, this.#delivery, () => this.#call("eofReceived"));
  }

  /**
   * Whether the chunks from below are lent: if the protocol above borrows them, and
   * {@linkcode dataReceived} is not overridden. A layer that overrides it and keeps no chunk
   * returns {@linkcode isBorrowedAbove}.
   */
  get borrowsChunks(): boolean {
    return this.dataReceived === Layer.prototype.dataReceived && this.isBorrowedAbove;
  }

  /** Whether the protocol above has chunks lent. */
  protected get isBorrowedAbove(): boolean {
    return this.#delivery.isBorrower;
  }

  /** The transport below is there; tells the protocol above. */
  connectionMade(inner: Transport): void {
    this.inner = inner;
    slotOf(inner).put({ transport: this, protocol: this });
    giveTransport(this.getProtocol(), this);
    this.#call("connectionMade", this);
  }

  /** Has what arrives wait until `until` has resolved; it must not reject. */
  holdDelivery(until: Promise<void>): void {
    this.#delivery.hold(until);
  }

  /** Bytes came from below; passes them up. */
  dataReceived(chunk: Bytes): void | Promise<void> {
    return this.#delivery.push(chunk);
  }

  /** The peer ended its direction; tells the protocol above once it was handed everything. */
  eofReceived(): boolean | void {
    return this.#peerEnd.come();
  }

  /** The transport below is full; tells the protocol above. */
  pauseWriting(): void {
    this.#call("pauseWriting");
  }

  /** The transport below has room again; tells the protocol above. */
  resumeWriting(): void {
    this.#call("resumeWriting");
  }

  /** Nothing can be sent any more; tells the protocol above. */
  writingFailed(error: Error): void {
    const isTold = "writingFailed" in this.getProtocol();
    this.#call("writingFailed", error);
    if (!isTold && !this.isReading()) this.abort(error);
  }

  /** The connection is lost; tells the protocol above. */
  connectionLost(error: Error | null): void {
    this.#delivery.stop();
    this.#lost = { error };
    this.#call("connectionLost", error);
  }

  /** Passes data down. */
  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    return this.#gate?.write([data], options) ?? super.write(data, options);
  }

  /** Passes data down. */
  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    const pieces = toParts(parts, options);
    return this.#gate?.write(pieces, options) ?? super.writelines(pieces, options);
  }

  /** Ends the direction below. */
  override writeEof(): void {
    if (!gateOf(this)?.holdEof()) super.writeEof();
  }

  /** As {@linkcode Transport}. */
  override getWriteBufferSize(): number {
    return super.getWriteBufferSize() + (gateOf(this)?.size ?? 0);
  }

  /** Stops delivering at once, and closes the transport below. */
  override close(): void {
    this.#delivery.stop();
    super.close();
  }

  /** Stops delivering at once, and aborts the transport below. */
  override abort(reason?: Error | AbortOptions): void {
    super.abort(reason);
    this.#delivery.stop();
  }

  /** Holds back what comes, here and below. */
  override pauseReading(): void {
    if (gateOf(this)?.holdReading(false)) return;
    this.#delivery.pause();
    super.pauseReading();
  }

  /** Lets what comes pass again, here and below. */
  override resumeReading(): void {
    if (gateOf(this)?.holdReading(true)) return;
    this.#delivery.resume();
    super.resumeReading();
  }

  /** As {@linkcode Transport}: what {@linkcode pauseReading} and its counterpart have said. */
  override isReading(): boolean {
    const held = gateOf(this)?.heldReading ?? null;
    return held === null ? super.isReading() : held && !this.isClosing();
  }

  /** Exchanges the protocol above. */
  override setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    const { replaysEof, hasUnread } = switchProtocol(this.#delivery, protocol, options);
    giveTransport(protocol, this);
    if (hasUnread) {
      this.#isUnreadWaiting = true;
      void this.#delivery.ready().then(() => void (this.#isUnreadWaiting = false));
    }
    if (replaysEof) this.#peerEnd.replay();
  }

  /** The protocol above. */
  override getProtocol(): AnyProtocol {
    return this.#delivery.protocol;
  }

  /**
   * Takes the layer out of a live connection: joins what is above to what is below, with the bytes
   * that wait in between. Later writes to the layer go through it and on. See `removeLayer`.
   *
   * @returns The transport below.
   */
  remove(): Transport {
    settle(this.inner);
    const upper = this.getProtocol();
    if (this.#isUnreadWaiting) holdDelivery(this.inner, this.#delivery.ready());
    const waiting = this.#delivery.takeWaiting();
    this.inner.setProtocol(upper, {
      ...(waiting.length > 0 && { unread: joinBytes(waiting) }),
      replayEof: this.#peerEnd.leave(),
    });
    // The transport below waits until all is delivered here. It is paused itself, if this was.
    this.#delivery.resume();
    slotOf(this.inner).take(upper, this.inner);
    return this.inner;
  }

  /** The gate for writes, while another layer is being put on this one. */
  get #gate(): WriteGate | null {
    const gate = gateOf(this);
    return gate === null || this.isClosing() ? null : gate;
  }

  #call(callback: keyof ProtocolCallbacks, ...args: unknown[]): unknown {
    return callBack(this.getProtocol(), callback, this.#fail, ...args);
  }

  readonly #fail: CallbackErrorSink = (callback, thrown) => {
    const error = toError(thrown);
    if (isLoss(callback, error, this.#lost)) return;
    report(this.#options.onError, error, { callback, transport: this });
    this.abort(error);
  };
}

/**
 * Has what arrives wait until `until` has resolved; it must not reject. A transport that is not
 * ours does not wait.
 */
export function holdDelivery(transport: Transport, until: Promise<void>): void {
  if (transport instanceof Layer) transport.holdDelivery(until);
  else if (transport instanceof TransportWrapper) holdDelivery(transport.inner, until);
  else connectionOf(transport)?.delivery.hold(until);
}
