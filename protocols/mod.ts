/**
 * Contracts, protocol classes, errors and buffers: bytes in, values out. Nothing here opens a
 * socket or waits for one.
 *
 * @example A protocol is a class with callbacks
 * ```ts
 * import { Protocol } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * class Count extends Protocol {
 *   bytes = 0;
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.bytes += chunk.length;
 *   }
 * }
 *
 * const count = new Count();
 * count.dataReceived(new Uint8Array(3));
 * assertEquals(count.bytes, 3);
 * ```
 *
 * @module
 */
export * from "./base_protocol.ts";
export * from "./buffered_protocol.ts";
export * from "./contract.ts";
export * from "./datagram_protocol.ts";
export * from "./errors.ts";
export * from "./protocol.ts";
export * from "./receive_buffer.ts";
export * from "./separator_search.ts";
export * from "./subprocess_protocol.ts";
