// Stand-in for the part of jsr:@std/streams that this project uses, put in place only where JSR
// cannot be reached.
/**
 * Web streams, with the names, signatures and behaviour of `@std/streams`.
 *
 * @module
 */
export * from "./concat_readable_streams.ts";
export * from "./delimiter_stream.ts";
export * from "./merge_readable_streams.ts";
export * from "./text_line_stream.ts";
export * from "./to_array_buffer.ts";
export * from "./to_bytes.ts";
export * from "./to_json.ts";
export * from "./to_text.ts";
