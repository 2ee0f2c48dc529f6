/**
 * Codecs: they make messages of a stream of bytes, and bytes of messages. Make one for each
 * connection; it works with callbacks (`FramedProtocol`), with streams (`framed`) and with Web
 * streams (`decoderStream`, `encoderStream`).
 *
 * - Lines: {@linkcode lineCodec}, {@linkcode jsonLinesCodec}, {@linkcode delimiterCodec}
 * - A length in front: {@linkcode lengthFieldCodec}, {@linkcode varintLengthCodec},
 *   {@linkcode netstringCodec}, {@linkcode contentLengthCodec}
 * - Others: {@linkcode fixedLengthCodec}, {@linkcode slipCodec}, {@linkcode cobsCodec}
 * - Codecs made of others: {@linkcode mapCodec}, {@linkcode withMaxLength}
 *
 * The interface for a codec of your own is in `@sluice/net/protocols`.
 *
 * @example Strings with their length in front
 * ```ts
 * import { netstringCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new FrameReader(netstringCodec());
 * reader.feedData(new TextEncoder().encode("5:hello,"));
 * assertEquals(reader.next(), new TextEncoder().encode("hello"));
 * ```
 *
 * @module
 */
export * from "./cobs_codec.ts";
export * from "./content_length_codec.ts";
export * from "./delimiter_codec.ts";
export * from "./fixed_length_codec.ts";
export * from "./json_lines_codec.ts";
export * from "./length_field_codec.ts";
export * from "./line_codec.ts";
export * from "./map_codec.ts";
export * from "./netstring_codec.ts";
export * from "./slip_codec.ts";
export * from "./varint_length_codec.ts";
export * from "./with_max_length.ts";
