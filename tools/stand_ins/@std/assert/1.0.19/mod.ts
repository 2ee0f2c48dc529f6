// Stand-in for the part of jsr:@std/assert that this project uses, put in place only where JSR
// cannot be reached.
/**
 * Assertions for tests and examples, with the names, signatures and behaviour of `@std/assert`.
 *
 * @module
 */
export * from "./assertion_error.ts";
export * from "./comparisons.ts";
export * from "./conditions.ts";
export * from "./deep_comparisons.ts";
export * from "./equal.ts";
export * from "./failures.ts";
