import { TimedLayer } from "./_timed_layer.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { MinimumRateError } from "../../protocols/errors.ts";
import { type Clock, clockCheck, startTimer } from "../core/clock.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";

/** The default of `window`, in milliseconds: long enough for a few retransmissions. */
const DEFAULT_RATE_WINDOW = 10_000;

/** Options for {@linkcode minimumRate}: how fast a peer has to send. */
export interface MinimumRateOptions {
  /** The required rate in bytes a second, on average over a window. */
  readonly rate: number;
  /**
   * How many milliseconds a window lasts.
   *
   * @default {10000}
   */
  readonly window?: number;
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const CHECKS: OptionTable<MinimumRateOptions> = {
  rate: check.numberAbove0("bytes a second"),
  window: check.duration(),
  clock: clockCheck,
};

/**
 * Makes a layer that ends a connection with a `MinimumRateError` when the peer sends too slowly, as
 * slow-loris attacks do.
 *
 * Time in which we do not read does not count: while reading is paused, or a promise of
 * `dataReceived` is pending. After the end of the peer's data nothing is asked of it. For the
 * length of a request only, insert and remove it live.
 *
 * @example A client that sends almost nothing
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { minimumRate } from "@sluice/net/layers";
 * import { MinimumRateError } from "@sluice/net/protocols";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const [a] = await memoryTransportPair(() => ({}), () => ({}), {
 *   layers: [minimumRate({ rate: 1000, window: 20 })],
 * });
 * const { error } = await a.transport.closed;
 * assertInstanceOf(error, MinimumRateError);
 * ```
 *
 * @throws {RangeError} If the rate or the window is not above 0.
 */
export function minimumRate(options: MinimumRateOptions): LayerFactory {
  checkOptions("use minimumRate", options, CHECKS, ["rate"]);
  return (upper, transportOptions) => new MinimumRateLayer(upper, transportOptions, options);
}

class MinimumRateLayer extends TimedLayer {
  readonly #rate: number;
  readonly #windowMs: number;
  #received = 0;
  // How long was read in this window until then, in milliseconds; it goes on only while a timer
  // runs.
  #elapsed = 0;
  #resumedAt = 0;
  #cancel: (() => void) | null = null;
  #pending = 0;
  #isOver = false;

  constructor(upper: AnyProtocol, options: TransportOptions, settings: MinimumRateOptions) {
    super(upper, options, settings.clock);
    this.#rate = settings.rate;
    this.#windowMs = settings.window ?? DEFAULT_RATE_WINDOW;
  }

  override connectionMade(inner: Transport): void {
    super.connectionMade(inner);
    this.#goOn();
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.#received += chunk.length;
    const settled = super.dataReceived(chunk);
    if (settled === undefined) return;
    this.#pending++;
    this.#hold();
    return settled.finally(() => {
      this.#pending--;
      this.#goOn();
    });
  }

  override eofReceived(): boolean | void {
    this.stop();
    return super.eofReceived();
  }

  override pauseReading(): void {
    super.pauseReading();
    this.#hold();
  }

  override resumeReading(): void {
    super.resumeReading();
    this.#goOn();
  }

  override close(): void {
    this.stop();
    super.close();
  }

  #goOn(): void {
    if (this.#cancel !== null || this.#isOver || this.#pending > 0 || !this.isReading()) return;
    this.#resumedAt = this.clock.now();
    const left = this.#windowMs - this.#elapsed;
    this.#cancel = startTimer(left, () => this.#check(), this.clock);
  }

  #hold(): void {
    if (this.#cancel === null) return;
    this.#cancel();
    this.#cancel = null;
    this.#elapsed = Math.min(this.#windowMs, this.#elapsed + this.clock.now() - this.#resumedAt);
  }

  protected override stop(): void {
    this.#isOver = true;
    this.#hold();
  }

  #check(): void {
    this.#cancel = null;
    const received = this.#received;
    if (received < this.#rate * this.#windowMs / 1000) {
      this.#isOver = true;
      return this.inner.abort(new MinimumRateError(received, this.#windowMs, this.#rate));
    }
    this.#received = 0;
    this.#elapsed = 0;
    this.#goOn();
  }
}
