import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { type Clock, clockFor, systemClock } from "../core/clock.ts";
import type { TransportOptions } from "../core/transport_options.ts";
import { ObservingLayer } from "./_observing_layer.ts";

/** A layer that watches the time until the connection is lost or the layer is taken out. */
export abstract class TimedLayer extends ObservingLayer {
  /** The clock that was given, else that of the connection below. */
  protected clock: Clock = systemClock;
  readonly #givenClock: Clock | undefined;

  /** With a clock, or that of the connection. */
  constructor(upper: AnyProtocol, options: TransportOptions, clock: Clock | undefined) {
    super(upper, options);
    this.#givenClock = clock;
  }

  override connectionMade(inner: Transport): void {
    this.clock = this.#givenClock ?? clockFor(inner);
    this.begin(inner);
    super.connectionMade(inner);
  }

  override connectionLost(error: Error | null): void {
    this.stop();
    super.connectionLost(error);
  }

  override remove(): Transport {
    this.stop();
    return super.remove();
  }

  /** Begins to watch. The call of `connectionMade()` of the protocol above follows. */
  protected begin(_inner: Transport): void {}

  /** Ends the watching. */
  protected abstract stop(): void;
}
