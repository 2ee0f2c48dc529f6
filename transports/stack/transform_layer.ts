import type { ByteTransform } from "./byte_transform.ts";
import { TransformCarrier } from "./_transform_carrier.ts";
import type { LayerFactory } from "../core/transport_options.ts";

/**
 * Makes a layer of a transform: it may change the bytes, their number and their pieces, keep them
 * back, and take its time.
 *
 * The layer has buffers, water marks and a life of its own, like any transport. While the transform
 * works or the neighbour is full, nothing more is taken from the other one. Outgoing bytes come in
 * chunks of at most 128 KiB.
 *
 * @example Adding one to every byte
 * ```ts
 * import { type Bytes, memoryTransportPair, Protocol } from "@sluice/net";
 * import { transformLayer } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const shift = (by: number) => (chunk: Bytes) => chunk.map((byte) => byte + by);
 * const received = Promise.withResolvers<Uint8Array>();
 * const [a] = await memoryTransportPair(
 *   () => new Protocol(),
 *   () => ({ dataReceived: received.resolve }),
 *   { layers: [transformLayer(() => ({ encode: shift(1), decode: shift(-1) }))] },
 * );
 * a.transport.write(new Uint8Array([1, 2, 3]));
 * assertEquals(await received.promise, new Uint8Array([1, 2, 3]));
 * a.transport.close();
 * await a.transport.closed;
 * ```
 *
 * An exception of a transform is reported to `onError` and ends the connection.
 *
 * @param makeTransform Makes the transform of one connection.
 * @returns What makes the layer: for the option `layers`, and for `insertLayer`.
 */
export function transformLayer(makeTransform: () => ByteTransform): LayerFactory {
  return (upper, options) => new TransformCarrier(makeTransform(), upper, options);
}
