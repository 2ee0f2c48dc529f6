/**
 * Layers: they sit between a transport and a protocol, and look at, change, delay or end the
 * traffic. They go into the option `layers` of everything that connects or listens.
 *
 * - Time: {@linkcode idleTimeout}, {@linkcode writeStallTimeout}, {@linkcode minimumRate},
 *   {@linkcode throttle}
 * - Bytes: {@linkcode compression}, {@linkcode transformLayer}
 * - Facts: {@linkcode logging}, {@linkcode counters}, {@linkcode Capture}
 * - Proxies: {@linkcode proxyProtocol}, {@linkcode sendProxyProtocol}
 * - Your own: {@linkcode Layer}, {@linkcode transformLayer}; in a live connection:
 *   {@linkcode insertLayer}, {@linkcode removeLayer}
 *
 * @example Ending what is idle, and counting
 * ```ts
 * import { createServer, Protocol } from "@sluice/net";
 * import { counters, idleTimeout, TrafficTotal } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const total = new TrafficTotal();
 * await using server = await createServer(() => new Protocol(), {
 *   port: 0,
 *   layers: [idleTimeout({ timeout: 60_000 }), counters({ total })],
 * });
 * assertEquals(server.connections.size, 0);
 * ```
 *
 * @module
 */
export * from "../stack/byte_transform.ts";
export { Capture, type CaptureOptions } from "./capture/capture.ts";
export type { CaptureSink } from "./capture/capture_sink.ts";
export * from "./compression.ts";
export * from "./counters.ts";
export * from "./idle_timeout.ts";
export {
  insertLayer,
  type InsertLayerOptions,
  removeLayer,
  type RemoveLayerOptions,
} from "../stack/live_layers.ts";
export { Layer } from "../stack/layer.ts";
export { logging, type LoggingOptions } from "./logging.ts";
export * from "./minimum_rate.ts";
export * from "./proxy/proxy_protocol.ts";
export * from "./throttle.ts";
export { TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";
export * from "../stack/transform_layer.ts";
export * from "./write_stall_timeout.ts";
