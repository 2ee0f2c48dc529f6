/**
 * Contracts, protocol classes, codecs, errors and buffers: bytes in, values out. Nothing here opens
 * a socket or waits for one, so it runs, and can be tested, without any permission.
 *
 * - Callbacks: {@linkcode Protocol}, {@linkcode BufferedProtocol}, {@linkcode FramedProtocol}
 * - The contract: {@linkcode Transport}, {@linkcode ProtocolCallbacks}, {@linkcode CloseInfo}
 * - Messages: {@linkcode Codec}, {@linkcode FrameReader}, {@linkcode ReceiveBuffer}
 *
 * The codecs are in `@sluice/net/codecs`, the transports in `@sluice/net/transports`.
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
export { BaseProtocol } from "./base_protocol.ts";
export * from "./buffered_protocol.ts";
export * from "./framing/codec.ts";
export * from "./contract.ts";
export type * from "./facts/address.ts";
export type * from "./facts/traffic_counters.ts";
export type * from "./facts/proxy_header.ts";
export type * from "./facts/peer_certificate.ts";
export type * from "./facts/extra_info.ts";
export type * from "./facts/close_info.ts";
export type { Bytes } from "./bytes.ts";
export type * from "./datagram_contract.ts";
export { DatagramProtocol } from "./datagram_protocol.ts";
export * from "./errors.ts";
export * from "./framing/frame_reader.ts";
export * from "./framing/framed_protocol.ts";
export * from "./protocol.ts";
export * from "./framing/receive_buffer.ts";
export * from "./framing/separator_search.ts";
export type { SniffOptions } from "./sniff_options.ts";
export type { KnownProtocol, Match, SniffCase, SniffCases } from "./sniffer.ts";
export * from "./subprocess_contract.ts";
export { SubprocessProtocol } from "./subprocess_protocol.ts";
export { utf8Length } from "./framing/utf8.ts";
export type { WaitOptions } from "./waits/wait_options.ts";
