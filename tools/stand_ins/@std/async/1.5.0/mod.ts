// Stand-in for the part of jsr:@std/async that this project uses, put in place only where JSR
// cannot be reached.
/**
 * Waiting, with the names, signatures and behaviour of `@std/async`.
 *
 * @module
 */
export * from "./abortable.ts";
export * from "./deadline.ts";
export * from "./delay.ts";
export * from "./mux_async_iterator.ts";
export * from "./retry.ts";
