import { TimedLayer } from "./_timed_layer.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { IdleTimeoutError, InvalidStateError } from "../../protocols/errors.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { isThenable } from "../../protocols/thrown.ts";
import { type Clock, clockCheck } from "../core/clock.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";
import { IdleTimer } from "./idle_timer.ts";

/** Options for {@linkcode idleTimeout}: when a connection counts as idle. */
export interface IdleTimeoutOptions {
  /**
   * After how many milliseconds in which nothing is received or written, and no byte written before
   * leaves; up to a quarter more passes.
   */
  readonly timeout: number;
  /**
   * Which bytes count as traffic: received ones, sent ones, or both. With `"received"` a peer that
   * sends nothing is idle, also while it is sent much, as the keep-alive of MQTT and the ping of
   * IRC demand. The time in which we do not read does not count then, and after the peer has ended
   * its direction both count.
   *
   * @default {"both"}
   */
  readonly count?: "received" | "sent" | "both";
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const timeoutCheck = check.duration();
const CHECKS: OptionTable<IdleTimeoutOptions> = {
  timeout: timeoutCheck,
  count: check.oneOf("received", "sent", "both"),
  clock: clockCheck,
};

/**
 * Makes a layer that ends a connection with an `IdleTimeoutError` when nothing is received or
 * written for some time: `connectionLost` and `closed` are told of it.
 *
 * A peer that takes nothing while we go on writing is a case for `writeStallTimeout`. The time can
 * be changed while the connection lives: {@linkcode setIdleTimeout}.
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

/**
 * Changes the time of the {@linkcode idleTimeout} layer of a live connection; the time starts anew.
 * For protocols in which the peer says how often it will speak.
 *
 * @example The keep-alive of a client, known after its first message
 * ```ts
 * import { idleTimeout, memoryTransportPair } from "@sluice/net";
 * import { setIdleTimeout } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}), {
 *   layers: [idleTimeout({ timeout: 10_000, count: "received" })],
 * });
 * const keepAliveSeconds = 60;
 * setIdleTimeout(transport, 1500 * keepAliveSeconds);
 * assertEquals(transport.getExtraInfo("idleTimeout")?.timeout, 90_000);
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param transport The transport, on top of any further layers.
 * @param timeout How many milliseconds; `Infinity` is for ever.
 * @throws {RangeError} If the timeout is not above 0.
 * @throws {InvalidStateError} If the connection has no such layer.
 */
export function setIdleTimeout(transport: Transport, timeout: number): void {
  timeoutCheck(timeout, { action: "set idle timeout", name: "timeout" });
  const control = transport.getExtraInfo("idleTimeout");
  if (control === null) {
    throw new InvalidStateError(
      "Cannot set idle timeout: the connection has none; give layers: [idleTimeout({ timeout })]",
    );
  }
  control.timeout = timeout;
}

class IdleTimeoutLayer extends TimedLayer {
  readonly #settings: IdleTimeoutOptions;
  #timer: IdleTimer | null = null;
  #countsReceived: boolean;
  #countsSent: boolean;
  // How many chunks the protocol is busy with: nothing is read meanwhile.
  #busy = 0;

  constructor(upper: AnyProtocol, options: TransportOptions, settings: IdleTimeoutOptions) {
    super(upper, options, settings.clock);
    const { count = "both" } = settings;
    this.#settings = settings;
    this.#countsReceived = count !== "sent";
    this.#countsSent = count !== "received";
  }

  protected override begin(inner: Transport): void {
    const { timeout, count = "both" } = this.#settings;
    const end = () => inner.abort(new IdleTimeoutError(timer.timeout, count));
    const timer = new IdleTimer(
      timeout,
      end,
      this.clock,
      count === "received" ? [] : [inner],
      () => !this.#countsSent && (this.#busy > 0 || !inner.isReading()),
    );
    this.#timer = timer;
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    if (this.#countsReceived) this.#timer?.touch();
    const settled = super.dataReceived(chunk);
    if (!this.#countsSent && isThenable(settled)) this.#watch(settled);
    return settled;
  }

  override eofReceived(): boolean | void {
    this.#timer?.touch();
    this.#countsSent = true;
    return super.eofReceived();
  }

  protected override onWrite(): void {
    if (this.#countsSent) this.#timer?.touch();
  }

  override getExtraInfo<K extends keyof ExtraInfo, F = null>(
    name: K,
    fallback?: F,
  ): ExtraInfoValue<K> | F {
    // The type that ExtraInfo gives this name.
    if (name === "idleTimeout" && this.#timer) return this.#timer as object as ExtraInfoValue<K>;
    return super.getExtraInfo(name, fallback);
  }

  protected override stop(): void {
    this.#timer?.stop();
  }

  #watch(settled: PromiseLike<void>): void {
    this.#busy++;
    const done = (): void => {
      this.#busy--;
      this.#timer?.touch();
    };
    settled.then(done, done);
  }
}
