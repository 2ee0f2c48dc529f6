import type { Transport } from "../protocols/contract.ts";
import { Arrival } from "./arrival.ts";
import type { LayerFactory, TransportOptions } from "./transport_options.ts";

/**
 * Puts a layer into a live connection, between a transport and its protocol. Bytes that the transport has
 * received and not delivered go through the layer.
 *
 * The protocol is told nothing: it has to write to the transport that is returned from now on.
 *
 * @example Compressing from here on
 * ```ts
 * import { insertLayer, Layer, memoryTransportPair, Protocol } from "@sluice/net";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const [a] = await memoryTransportPair(() => new Protocol(), () => new Protocol());
 * const top = await insertLayer(a.transport, (upper, options) => new Layer(upper, options));
 * assertStrictEquals(top.getProtocol(), a.protocol);
 * top.close();
 * await top.closed;
 * ```
 *
 * @param transport The live transport.
 * @param layer Makes the layer.
 * @param options What the layer is told of the connection: its limits and error handler.
 * @returns The transport on top of the layer, once the layer is ready.
 * @throws The failure that ended the connection, if it is lost before.
 */
export async function insertLayer(
  transport: Transport,
  layer: LayerFactory,
  options: TransportOptions = {},
): Promise<Transport> {
  const arrival = new Arrival();
  const upper = transport.getProtocol();
  const lower = layer(arrival, options);
  transport.setProtocol(lower);
  lower.connectionMade?.(transport);
  const top = await arrival.made;
  top.setProtocol(upper);
  return top;
}
