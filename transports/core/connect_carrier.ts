import { Placeholder } from "./placeholder.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { peerName } from "./addresses.ts";
import type { Carrier } from "./carrier.ts";
import { CarrierTransport } from "./carrier_transport.ts";
import { Connection } from "./connection.ts";
import type { ConnectionTracker } from "./connection_tracker.ts";
import { toError } from "./error_report.ts";
import { checkMade, checkProtocolFactory, makeProtocol } from "./callbacks.ts";
import { slotOf, topOf } from "./stack_slot.ts";
import { check, checkOptions } from "../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./transport_options.ts";

/**
 * A transport and the protocol it drives: what connecting gives, asyncio's `(transport, protocol)`.
 */
export interface Connected<P extends AnyProtocol> {
  /** The connection. */
  readonly transport: Transport;
  /** The protocol that the factory made. */
  readonly protocol: P;
}

/**
 * Makes a connection over a {@linkcode Carrier} of your own: a transport with flow control,
 * buffering and every promise of {@linkcode Transport}, over anything that can read and write
 * bytes.
 *
 * `connectionMade` has been called when the promise resolves. `testTransport` of
 * `@sluice/net/testing` tells whether the carrier keeps its promises.
 *
 * @throws The error that the factory throws; the carrier is closed then.
 *
 * @example A transport that answers every write with its length
 * ```ts
 * import { type Bytes } from "@sluice/net";
 * import { type Carrier, connectCarrier } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const answers = new TransformStream<Bytes, Bytes>();
 * const writer = answers.writable.getWriter();
 * const carrier: Carrier = {
 *   source: answers.readable[Symbol.asyncIterator](),
 *   write: async (bytes) => {
 *     await writer.write(new Uint8Array([bytes.length]));
 *     return bytes.length;
 *   },
 *   close: () => void writer.close().catch(() => {}),
 *   getExtraInfo: () => undefined,
 * };
 * const answer = Promise.withResolvers<Uint8Array>();
 * const { transport } = await connectCarrier(() => ({ dataReceived: answer.resolve }), carrier);
 * transport.write("four");
 * assertEquals(await answer.promise, new Uint8Array([4]));
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol.
 * @param carrier What carries the bytes; it belongs to the transport from now on.
 * @param options Limits, layers and the error handler.
 * @returns The transport and the protocol that the factory made.
 */
export async function connectCarrier<P extends AnyProtocol>(
  protocolFactory: () => P,
  carrier: Carrier,
  options: TransportOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  isCarrier(carrier, { action: "connect", name: "carrier" });
  checkOptions("connect carrier", options, TRANSPORT_CHECKS);
  return await connectOver(protocolFactory, carrier, options);
}

const isCarrier = check.objectWith("a Carrier", "write", "close", "getExtraInfo");

/**
 * {@linkcode connectCarrier} with options that were checked; `tracker` is told when the connection
 * begins and ends.
 */
export async function connectOver<P extends AnyProtocol>(
  protocolFactory: () => P,
  carrier: Carrier,
  options: TransportOptions = {},
  tracker?: ConnectionTracker,
): Promise<Connected<P>> {
  const { layers = [] } = options;
  if (layers.length === 0) return startTransport(protocolFactory, carrier, options, tracker);
  const arrival = new Arrival(carrier);
  const { transport: bottom } = startTransport(
    () => {
      const protocol = makeProtocol(protocolFactory);
      arrival.protocol = protocol;
      return layers.reduceRight<AnyProtocol>(
        (upper, layer) => checkMade(layer(upper, options), "a layer"),
        arrival,
      );
    },
    carrier,
    options,
    tracker,
  );
  // Layers that were never told of a connection do not tell of its loss.
  void bottom.closed.then(({ error }) => arrival.fail(error));
  const transport = await arrival.ready;
  // A layer that is not of ours has told no slot.
  if (topOf(bottom) !== transport) slotOf(topOf(bottom)).put({ transport });
  // The protocol that was set above is the one its factory made.
  return { transport, protocol: arrival.protocol as P };
}

/** Placeholder for a protocol that has not been told of its connection, so of no loss either. */
class Arrival extends Placeholder {
  readonly #carrier: Carrier;

  constructor(carrier: Carrier) {
    super({});
    this.#carrier = carrier;
  }

  protected override get peer(): string {
    return peerName(this.#carrier);
  }

  override connectionLost(error: Error | null): void {
    this.fail(error);
  }
}

/** {@linkcode connectCarrier} without layers, and without a promise. */
export function startTransport<P extends AnyProtocol>(
  protocolFactory: () => P,
  carrier: Carrier,
  options: TransportOptions = {},
  tracker?: ConnectionTracker,
): Connected<P> {
  let protocol: P;
  try {
    protocol = makeProtocol(protocolFactory);
  } catch (error) {
    carrier.close({ endedBy: "error", error: toError(error) });
    throw error;
  }
  const connection = new Connection(carrier, protocol, options, tracker);
  const transport = new CarrierTransport(connection);
  tracker?.onMade(transport);
  connection.start();
  return { transport, protocol };
}
