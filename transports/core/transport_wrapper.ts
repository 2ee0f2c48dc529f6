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
import { closeInTime } from "./ending/close_in_time.ts";

/**
 * A transport that forwards everything to another one: override what you want to see or change.
 * Each method goes to its own counterpart: who overrides `write` sees nothing of `writelines`.
 *
 * It wraps a live transport for the code that writes to it; the protocol goes on using the inner
 * one unless it gets the wrapper.
 *
 * @example Logging what is written
 * ```ts
 * import { memoryTransportPair, TransportWrapper, type WriteOptions } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class LoggingTransport extends TransportWrapper {
 *   readonly log: string[] = [];
 *   override write(data: Uint8Array | string, options?: WriteOptions): boolean {
 *     this.log.push(`write ${data.length}`);
 *     return super.write(data, options);
 *   }
 * }
 *
 * const [a] = await memoryTransportPair(() => ({}), () => ({}));
 * const logged = new LoggingTransport(a.transport);
 * logged.write("Hello World");
 * assertEquals(logged.log, ["write 11"]);
 * logged.close();
 * await logged.closed;
 * ```
 */
export class TransportWrapper implements Transport {
  #inner: Transport | null;

  /**
   * Wraps `inner`, which continues to work. Without it, set one before any call.
   */
  constructor(inner: Transport | null = null) {
    this.#inner = inner;
  }

  /**
   * The transport that everything goes to; it may be exchanged.
   *
   * @throws {InvalidStateError} If there is none yet.
   */
  get inner(): Transport {
    if (this.#inner === null) {
      throw new InvalidStateError("Cannot use transport: not connected yet");
    }
    return this.#inner;
  }

  set inner(transport: Transport) {
    this.#inner = transport;
  }

  /** As {@linkcode Transport}: forwarded. */
  write(data: Uint8Array | string, options?: WriteOptions): boolean {
    return this.inner.write(data, options);
  }

  /** As {@linkcode Transport}: forwarded. */
  writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.inner.writelines(parts, options);
  }

  /** As {@linkcode Transport}: forwarded. */
  writeEof(): void {
    this.inner.writeEof();
  }

  /** As {@linkcode Transport}: forwarded. */
  canWriteEof(): boolean {
    return this.inner.canWriteEof();
  }

  /** As {@linkcode Transport}: forwarded. */
  close(): void {
    this.inner.close();
  }

  /** As {@linkcode Transport}: forwarded. */
  abort(reason?: Error | AbortOptions): void {
    this.inner.abort(reason);
  }

  /** As {@linkcode Transport}: forwarded. */
  isClosing(): boolean {
    return this.inner.isClosing();
  }

  /** As {@linkcode Transport}: forwarded. */
  pauseReading(): void {
    this.inner.pauseReading();
  }

  /** As {@linkcode Transport}: forwarded. */
  resumeReading(): void {
    this.inner.resumeReading();
  }

  /** As {@linkcode Transport}: forwarded. */
  isReading(): boolean {
    return this.inner.isReading();
  }

  /** As {@linkcode Transport}: forwarded. */
  setWriteBufferLimits(limits?: { readonly high?: number; readonly low?: number }): void {
    this.inner.setWriteBufferLimits(limits);
  }

  /** As {@linkcode Transport}: forwarded. */
  getWriteBufferLimits(): WriteBufferLimits {
    return this.inner.getWriteBufferLimits();
  }

  /** As {@linkcode Transport}: forwarded. */
  getWriteBufferSize(): number {
    return this.inner.getWriteBufferSize();
  }

  /** As {@linkcode Transport}: forwarded. */
  setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void {
    this.inner.setProtocol(protocol, options);
    giveTransport(protocol, this);
  }

  /** As {@linkcode Transport}: forwarded. */
  getProtocol(): AnyProtocol {
    return this.inner.getProtocol();
  }

  /** As {@linkcode Transport}: forwarded. */
  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    return this.inner.getExtraInfo(name, fallback);
  }

  /** As {@linkcode Transport}: forwarded. */
  get closed(): Promise<CloseInfo> {
    return this.inner.closed;
  }

  /** As {@linkcode Transport}, by `close` and `closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await closeInTime(this);
  }
}
