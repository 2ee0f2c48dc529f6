/**
 * Contracts, protocol classes, codecs, errors and buffers: bytes in, values out. Nothing here opens
 * a socket or waits for one, so it runs, and can be tested, without any permission.
 *
 * - Callbacks: {@linkcode Protocol}, {@linkcode BufferedProtocol}, {@linkcode FramedProtocol}
 * - The contract: {@linkcode Transport}, {@linkcode ProtocolCallbacks}, {@linkcode CloseInfo}
 * - Messages: {@linkcode Codec}, {@linkcode lineCodec}, {@linkcode lengthFieldCodec},
 *   {@linkcode mapCodec}, {@linkcode FrameReader}, …
 *
 * What carries the bytes is in `@sluice/net/transports`. All of it is in `@sluice/net` as well.
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
export * from "./codecs/cobs_codec.ts";
export * from "./codec.ts";
export * from "./codecs/content_length_codec.ts";
export * from "./contract.ts";
export type * from "./address.ts";
export type * from "./traffic_counters.ts";
export type * from "./proxy_header.ts";
export type * from "./peer_certificate.ts";
export type * from "./extra_info.ts";
export type * from "./close_info.ts";
export type { Bytes } from "./bytes.ts";
export type * from "./datagram_contract.ts";
export * from "./datagram_protocol.ts";
export * from "./codecs/delimiter_codec.ts";
export * from "./errors.ts";
export * from "./codecs/fixed_length_codec.ts";
export * from "./frame_reader.ts";
export * from "./framed_protocol.ts";
export * from "./codecs/json_lines_codec.ts";
export * from "./codecs/length_field_codec.ts";
export * from "./codecs/line_codec.ts";
export * from "./codecs/map_codec.ts";
export * from "./codecs/netstring_codec.ts";
export * from "./protocol.ts";
export * from "./receive_buffer.ts";
export * from "./separator_search.ts";
export * from "./codecs/slip_codec.ts";
export * from "./subprocess_contract.ts";
export * from "./subprocess_protocol.ts";
export * from "./utf8_length.ts";
export * from "./codecs/varint_length_codec.ts";
export * from "./codecs/with_max_length.ts";
