import type { AnyProtocol, Transport } from "../protocols/contract.ts";
import type { TransportOptions } from "../transports/core/transport_options.ts";

/**
 * Something a transport cannot do, and need not.
 *
 * - `"halfClose"`: `writeEof()` is not possible.
 * - `"backPressure"`: a peer that does not read cannot make `write` queue up.
 * - `"onError"`: exceptions thrown by callbacks end the connection, but are not reported.
 * - `"maxWriteBuffer"`: the write buffer has no cap.
 */
export type TransportGap = "halfClose" | "backPressure" | "onError" | "maxWriteBuffer";

/**
 * Two transports that are connected, each in an object as `createConnection` gives it, and what
 * releases everything else that was made for them; that is called when both connections have ended.
 */
export type TransportPair = readonly [
  { readonly transport: Transport },
  { readonly transport: Transport },
  (() => unknown)?,
];

/**
 * Makes two transports that are connected to each other.
 *
 * Calls each factory once, drives the protocol it gives, and resolves after both protocols'
 * `connectionMade`. The options concern both transports; what is not possible is a
 * {@linkcode TransportGap}. `memoryTransportPair` is one.
 */
export type MakeTransportPair = (
  protocolFactoryA: () => AnyProtocol,
  protocolFactoryB: () => AnyProtocol,
  options: TransportOptions,
) => Promise<TransportPair>;
