import { TimedLayer } from "./_timed_layer.ts";
import type { AnyProtocol, Transport, WriteOptions } from "../../protocols/contract.ts";
import { WriteStallError } from "../../protocols/errors.ts";
import { type Clock, clockCheck, startTimer } from "../core/clock.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { SendProgress } from "./_send_progress.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";

/** So often within the timeout it is looked whether something was sent. */
const CHECKS = 4;

/** Options for {@linkcode writeStallTimeout}: when a peer counts as stalled. */
export interface WriteStallTimeoutOptions {
  /**
   * After how many milliseconds in which the peer takes none of the queued bytes; up to a quarter
   * more passes.
   */
  readonly timeout: number;
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const OPTION_CHECKS: OptionTable<WriteStallTimeoutOptions> = {
  timeout: check.duration(),
  clock: clockCheck,
};

/**
 * Makes a layer that ends a connection with a `WriteStallError` when the peer takes none of the
 * bytes that are queued for it. It also ends a `close()` that would wait for such a peer for ever.
 *
 * It belongs near the wire: it looks at the write buffer of the transport right below.
 *
 * @example A peer that does not read
 * ```ts
 * import { memoryTransportPair, writeStallTimeout, WriteStallError } from "@sluice/net";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const [a] = await memoryTransportPair(
 *   () => ({}),
 *   () => ({ connectionMade: (transport) => transport.pauseReading() }),
 *   { layers: [writeStallTimeout({ timeout: 20 })] },
 * );
 * a.transport.write(new Uint8Array(1_000_000));
 * a.transport.close();
 * const { error } = await a.transport.closed;
 * assertInstanceOf(error, WriteStallError);
 * ```
 *
 * @throws {RangeError} If the timeout is not above 0.
 */
export function writeStallTimeout(options: WriteStallTimeoutOptions): LayerFactory {
  checkOptions("use writeStallTimeout", options, OPTION_CHECKS, ["timeout"]);
  return (upper, transportOptions) => new WriteStallLayer(upper, transportOptions, options);
}

class WriteStallLayer extends TimedLayer {
  readonly #timeoutMs: number;
  #progress: SendProgress | null = null;
  // Since when nothing has left.
  #since = 0;
  #cancel: (() => void) | null = null;

  constructor(upper: AnyProtocol, options: TransportOptions, settings: WriteStallTimeoutOptions) {
    super(upper, options, settings.clock);
    this.#timeoutMs = settings.timeout;
  }

  protected override begin(inner: Transport): void {
    this.#progress = new SendProgress(inner, () => this.#since = this.clock.now());
  }

  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    return this.#watch(() => super.write(data, options));
  }

  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.#watch(() => super.writelines(parts, options));
  }

  /** Writes, and looks again and again for as long as something is queued. */
  #watch(write: () => boolean): boolean {
    const mayWrite = write();
    if (this.#cancel === null && !this.inner.isClosing()) {
      this.#since = this.clock.now();
      this.#check();
    }
    return mayWrite;
  }

  #check(): void {
    const size = this.inner.getWriteBufferSize();
    this.#cancel = null;
    if (size === 0) return;
    if (this.clock.now() - this.#since < this.#timeoutMs) return this.#checkLater();
    const asked = this.#progress?.ask() ?? null;
    if (asked === null) return this.#end(size);
    this.#cancel = () => {};
    void asked.then((moved) => this.#decide(moved));
  }

  /** The system may still have been sending what it took before. */
  #decide(moved: boolean | "unsure"): void {
    if (this.#cancel === null) return;
    const size = this.inner.getWriteBufferSize();
    if (moved === false && size > 0) return this.#end(size);
    if (moved === true) this.#since = this.clock.now();
    this.#checkLater();
  }

  #checkLater(): void {
    this.#cancel = startTimer(this.#timeoutMs / CHECKS, () => this.#check(), this.clock);
  }

  #end(size: number): void {
    this.inner.abort(new WriteStallError(this.#timeoutMs, size));
  }

  protected override stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#progress?.stop();
  }
}
