import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { insertLayer } from "../../../transports/stack/live_layers.ts";
import type { LayerFactory, TransportOptions } from "../../../transports/core/transport_options.ts";

/** A connection in memory that stands on layers at its first end only. */
export interface LayeredPair {
  /** The transport on top of the layers, and its protocol. */
  readonly transport: Transport;
  readonly protocol: RecordingProtocol;
  /** The other end, which sees what goes over the wire. */
  readonly peer: Transport;
  readonly peerProtocol: RecordingProtocol;
  /** The reports of the first end: the callback and the error. */
  readonly reported: [callback: string, error: Error][];
  /** Closes both ends. */
  close(): Promise<CloseInfo>;
}

/** Connects two recorders and puts the layers below the first one. */
export async function layeredPair(
  layers: readonly LayerFactory[],
  options: TransportOptions = {},
): Promise<LayeredPair> {
  const reported: [string, Error][] = [];
  const all: TransportOptions = {
    onError: (error, { callback }) => reported.push([callback, error]),
    ...options,
  };
  const [a, b] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => new RecordingProtocol(),
    all,
  );
  let { transport } = a;
  for (const layer of layers) transport = await insertLayer(transport, layer, all);
  // From the turn after an insertion on bytes pass at once.
  await turns(1);
  return {
    transport,
    protocol: a.protocol,
    peer: b.transport,
    peerProtocol: b.protocol,
    reported,
    async close(): Promise<CloseInfo> {
      transport.close();
      const info = await transport.closed;
      b.transport.close();
      await b.transport.closed;
      return info;
    },
  };
}
