import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";

/** A layer at the first and at the second end of a connection. */
export interface LayerEnds {
  /** That of the end that connects. */
  readonly a: LayerFactory;
  /** That of the other one. */
  readonly b: LayerFactory;
}

/** The same layer at both ends. */
export function both(layer: LayerFactory): LayerEnds {
  return { a: layer, b: layer };
}

/** Two ends in memory, or over TCP, on a stack of layers. */
export function pairOnLayers(
  carrier: "memory" | "TCP",
  ends: readonly LayerEnds[],
): MakeTransportPair {
  const layersA = ends.map(({ a }) => a);
  const layersB = ends.map(({ b }) => b);
  if (carrier === "TCP") return tcpPair(layersA, layersB);
  return (factoryA, factoryB, options) => {
    // Those of the first end are made first.
    let made = 0;
    const layers = ends.map(({ a, b }): LayerFactory => (upper, layerOptions) =>
      (made++ < ends.length ? a : b)(upper, layerOptions)
    );
    return memoryTransportPair(factoryA, factoryB, { ...options, layers });
  };
}

/** Two ends over TCP: a client on one stack of layers, and what a server accepts on another. */
function tcpPair(
  layersA: readonly LayerFactory[],
  layersB: readonly LayerFactory[],
): MakeTransportPair {
  return async (factoryA, factoryB, options) => {
    const accepted = Promise.withResolvers<Transport>();
    // On top of all: a layer may let nothing come up before the other end has spoken.
    const top: LayerFactory = (upper) => ({
      connectionMade(transport: Transport): void {
        transport.setProtocol(upper);
        accepted.resolve(transport);
        upper.connectionMade?.(transport);
      },
      connectionLost: (error) => upper.connectionLost?.(error),
    });
    const server = await createServer(factoryB, {
      port: 0,
      ...options,
      layers: [...layersB, top],
    });
    const a = await createConnection(factoryA, {
      port: server.port,
      ...options,
      layers: layersA,
    });
    return [a, { transport: await accepted.promise }, async () => {
      await server.shutdown({ grace: 0 });
    }];
  };
}
