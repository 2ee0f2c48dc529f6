import { giveTransport } from "../../protocols/base_protocol.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type {
  AbortOptions,
  AnyProtocol,
  SetProtocolOptions,
  Transport,
  WriteBufferLimits,
  WriteOptions,
} from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { cannotReset, toAbortOptions } from "./ending/abort_options.ts";
import { closeInTime } from "./ending/close_in_time.ts";
import type { Connection } from "./connection.ts";
import { switchProtocol } from "./read/switch_protocol.ts";
import { gateOf } from "./stack_slot.ts";
import { checkData, discard, joinTexts, takeOver, toParts, transfers } from "./write/to_bytes.ts";
import { checkWriteBufferLimits } from "./write/water_marks.ts";

let read: (transport: CarrierTransport) => Connection;

/** The transport of a {@linkcode Connection}: what users may do with it. */
export class CarrierTransport implements Transport {
  readonly #connection: Connection;

  static {
    read = (transport) => transport.#connection;
  }

  /** Becomes the transport of the connection. */
  constructor(connection: Connection) {
    this.#connection = connection;
    connection.transport = this;
  }

  write(data: Uint8Array | string, options?: WriteOptions): boolean {
    checkData(data);
    if (data.length === 0 || options !== undefined || gateOf(this) !== null) {
      return this.#write(data.length > 0 ? [data] : [], options);
    }
    // Most writes: without a list.
    const { outbound } = this.#connection;
    if (this.#connection.mayWrite()) {
      outbound.push(data, false);
      outbound.commit();
    }
    return !outbound.paused;
  }

  writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.#write(toParts(parts, options), options);
  }

  writeEof(): void {
    const connection = this.#connection;
    if (!connection.lifecycle.allows("writeEof")) return;
    if (connection.carrier.direction === "write") return connection.close();
    if (!this.canWriteEof()) {
      throw new InvalidStateError(`Cannot end writing to ${connection.peer}: it has no half-close`);
    }
    if (gateOf(this)?.holdEof()) return;
    connection.lifecycle.advance("writeEof");
    connection.outbound.end();
  }

  canWriteEof(): boolean {
    const { carrier } = this.#connection;
    return carrier.closeWrite !== undefined || carrier.direction === "write";
  }

  close(): void {
    this.#connection.close();
  }

  abort(reason?: Error | AbortOptions): void {
    const { reason: error = null, reset = false } = toAbortOptions(reason);
    if (reset && !this.canReset) throw cannotReset(this.#connection.peer);
    this.#connection.lose(error === null ? "abort" : "error", error, reset);
  }

  /** Whether the connection can be reset. */
  get canReset(): boolean {
    return this.#connection.carrier.canReset ?? false;
  }

  isClosing(): boolean {
    return this.#connection.lifecycle.isClosing;
  }

  pauseReading(): void {
    if (gateOf(this)?.holdReading(false)) return;
    if (!this.isClosing()) this.#connection.delivery.pause();
  }

  resumeReading(): void {
    if (gateOf(this)?.holdReading(true)) return;
    if (!this.isClosing()) this.#connection.delivery.resume();
  }

  isReading(): boolean {
    return !this.isClosing() && (gateOf(this)?.heldReading ?? !this.#connection.delivery.paused);
  }

  setWriteBufferLimits(limits: { readonly high?: number; readonly low?: number } = {}): void {
    checkWriteBufferLimits(limits);
    this.#connection.outbound.limits = limits;
  }

  getWriteBufferLimits(): WriteBufferLimits {
    // Those in force may be shared by all connections.
    return { ...this.#connection.outbound.limits };
  }

  getWriteBufferSize(): number {
    return this.#connection.queued;
  }

  setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    const { replaysEof } = switchProtocol(this.#connection.delivery, protocol, options);
    giveTransport(protocol, this);
    if (replaysEof && this.#connection.lifecycle.isReadEnded) {
      void this.#connection.tellEofAgain(protocol);
    }
  }

  getProtocol(): AnyProtocol {
    return this.#connection.delivery.protocol;
  }

  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    const value = this.#connection.carrier.getExtraInfo(name) ?? fallback ?? null;
    // The carrier gives each name the type that ExtraInfo promises; F is null where no fallback is
    // given.
    return value as ExtraInfoValue<K> | F;
  }

  get closed(): Promise<CloseInfo> {
    return this.#connection.outcome.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeInTime(this);
  }

  #write(pieces: (Uint8Array | string)[], options: WriteOptions | undefined): boolean {
    const { outbound } = this.#connection;
    const areOwned = options !== undefined && transfers(options);
    const isOpen = this.#connection.mayWrite();
    // The writer keeps the memory of a refused write.
    const takesMore = isOpen ? gateOf(this)?.write(pieces, options) : undefined;
    if (takesMore !== undefined) return takesMore;
    if (areOwned) takeOver(pieces);
    if (isOpen) {
      for (const data of joinTexts(pieces)) outbound.push(data, areOwned);
      if (pieces.length > 0) outbound.commit();
    } else if (areOwned) discard(pieces);
    return !outbound.paused;
  }
}

/** The connection of a transport, which only the library sees; `null` if it has none. */
export function connectionOf(transport: Transport): Connection | null {
  return transport instanceof CarrierTransport ? read(transport) : null;
}
