import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport, WriteOptions } from "../../protocols/contract.ts";
import { IdleTimeoutError } from "../../protocols/errors.ts";
import { type Clock, clockCheck, clockFor } from "../core/clock.ts";
import { IdleTimer } from "./idle_timer.ts";
import { Layer } from "../stack/layer.ts";
import { checkOptions, duration, type OptionTable } from "../../protocols/option_checks.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";

/** Options for {@linkcode idleTimeout}: when a connection counts as idle. */
export interface IdleTimeoutOptions {
  /**
   * After how many milliseconds in which nothing is received or written, and no byte written before
   * leaves; up to a quarter more passes.
   */
  readonly timeout: number;
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const CHECKS: OptionTable<IdleTimeoutOptions> = { timeout: duration(), clock: clockCheck };

/**
 * Makes a layer that ends a connection with an `IdleTimeoutError` when nothing is received or
 * written for some time: `connectionLost` and `closed` are told of it.
 *
 * A peer that takes nothing while we go on writing is a case for `writeStallTimeout`.
 *
 * @example A peer that says nothing
 * ```ts
 * import { IdleTimeoutError, idleTimeout, memoryTransportPair } from "@sluice/net";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const [a] = await memoryTransportPair(() => ({}), () => ({}), {
 *   layers: [idleTimeout({ timeout: 5 })],
 * });
 * const { error } = await a.transport.closed;
 * assertInstanceOf(error, IdleTimeoutError);
 * ```
 *
 * @throws {RangeError} If the timeout is not above 0.
 */
export function idleTimeout(options: IdleTimeoutOptions): LayerFactory {
  checkOptions("use idleTimeout", options, CHECKS, ["timeout"]);
  return (upper, transportOptions) => new IdleTimeoutLayer(upper, transportOptions, options);
}

class IdleTimeoutLayer extends Layer {
  readonly #settings: IdleTimeoutOptions;
  #timer: IdleTimer | null = null;

  constructor(upper: AnyProtocol, options: TransportOptions, settings: IdleTimeoutOptions) {
    super(upper, options);
    this.#settings = settings;
  }

  override connectionMade(inner: Transport): void {
    const { timeout, clock } = this.#settings;
    const end = () => inner.abort(new IdleTimeoutError(timeout));
    this.#timer = new IdleTimer(timeout, end, clock ?? clockFor(inner), [inner]);
    super.connectionMade(inner);
  }

  override get borrowsChunks(): boolean {
    return this.isBorrowedAbove;
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.#timer?.touch();
    return super.dataReceived(chunk);
  }

  override write(data: Uint8Array | string, options?: WriteOptions): boolean {
    this.#timer?.touch();
    return super.write(data, options);
  }

  override writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    this.#timer?.touch();
    return super.writelines(parts, options);
  }

  override connectionLost(error: Error | null): void {
    this.#timer?.stop();
    super.connectionLost(error);
  }

  override remove(): Transport {
    this.#timer?.stop();
    return super.remove();
  }
}
