import { ObservingLayer } from "./_observing_layer.ts";
import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol } from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import type { DirectionCounters, TrafficCounters } from "../../protocols/facts/traffic_counters.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";

/** Options for {@linkcode counters}. */
export interface CountersOptions {
  /** Counts for all connections that it is given to, in addition to the counters of each. */
  readonly total?: TrafficTotal;
}

const CHECKS: OptionTable<CountersOptions> = {
  total: check.objectWith("a TrafficTotal", "addReceived", "addSent"),
};

/**
 * Makes a layer that counts the bytes and chunks of each direction, and notes when the first and
 * the last went. To be read at any time from the extra info called "counters", and from a sum over
 * connections.
 *
 * Near the wire it counts the sent bytes; above a layer that changes bytes, those before the
 * change. Bytes written after `close()` are dropped and not counted.
 *
 * @example Bytes of one connection, and of all
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { counters, TrafficTotal } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const total = new TrafficTotal();
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}), {
 *   layers: [counters({ total })],
 * });
 * a.transport.write("four");
 * a.transport.close();
 * await b.transport.closed;
 * assertEquals(b.transport.getExtraInfo("counters")?.received.bytes, 4);
 * assertEquals([total.sent.bytes, total.received.bytes], [4, 4]);
 * ```
 */
export function counters(options: CountersOptions = {}): LayerFactory {
  checkOptions("use counters", options, CHECKS);
  return (upper, transportOptions) => new CountersLayer(upper, transportOptions, options.total);
}

/** The traffic of several connections, see {@linkcode counters}. */
export class TrafficTotal implements TrafficCounters {
  readonly #received = new Tally();
  readonly #sent = new Tally();

  /** The bytes and chunks that came in. */
  get received(): DirectionCounters {
    return this.#received;
  }

  /** The written traffic. */
  get sent(): DirectionCounters {
    return this.#sent;
  }

  /** Counts a chunk that was received. */
  addReceived(bytes: number): void {
    this.#received.add(bytes);
  }

  /** Counts a chunk that was written. */
  addSent(bytes: number): void {
    this.#sent.add(bytes);
  }
}

class Tally implements DirectionCounters {
  bytes = 0;
  chunks = 0;
  firstAt: number | null = null;
  lastAt: number | null = null;

  add(bytes: number): void {
    this.bytes += bytes;
    this.chunks++;
    this.lastAt = performance.now();
    this.firstAt ??= this.lastAt;
  }
}

class CountersLayer extends ObservingLayer {
  readonly #own = new TrafficTotal();
  readonly #total: TrafficTotal | undefined;

  constructor(upper: AnyProtocol, options: TransportOptions, total: TrafficTotal | undefined) {
    super(upper, options);
    this.#total = total;
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.#own.addReceived(chunk.length);
    this.#total?.addReceived(chunk.length);
    return super.dataReceived(chunk);
  }

  protected override onWrite(pieces: readonly Uint8Array[]): void {
    for (const { length } of pieces) {
      if (length === 0) continue;
      this.#own.addSent(length);
      this.#total?.addSent(length);
    }
  }

  override getExtraInfo<K extends keyof ExtraInfo, F = null>(
    name: K,
    fallback?: F,
  ): ExtraInfoValue<K> | F {
    // The type that ExtraInfo gives this name.
    if (name === "counters") return this.#own as ExtraInfoValue<K>;
    return super.getExtraInfo(name, fallback);
  }
}
