/**
 * Every error class of this library. Each extends the built-in nearest to it, words its own message
 * from the data it carries, and keeps a `cause` where there is one. Errors of the
 * operating system stay `Deno.errors.*`.
 *
 * @module
 */
export * from "./errors/connection_errors.ts";
export * from "./errors/datagram_errors.ts";
export * from "./errors/frame_errors.ts";
export * from "./errors/layer_errors.ts";
export * from "./errors/process_errors.ts";
export * from "./errors/read_errors.ts";
export * from "./errors/tls_errors.ts";
