import { Buffer } from "node:buffer";
import { AssertionError } from "@std/assert";

/**
 * Checks that bytes are the expected ones, and tells where they are not: these are megabytes.
 *
 * @throws {AssertionError} If one differs or their number does.
 */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  // A hundred times as fast as the loop, which looks for the place.
  if (Buffer.compare(actual, expected) === 0) return;
  const length = Math.min(actual.length, expected.length);
  let offset = 0;
  while (offset < length && actual[offset] === expected[offset]) offset++;
  if (offset < length) {
    throw new AssertionError(
      `Bytes differ at offset ${offset} of ${expected.length}: ` +
        `${actual[offset]} in the place of ${expected[offset]}`,
    );
  }
  if (actual.length !== expected.length) {
    throw new AssertionError(`${actual.length} bytes in the place of ${expected.length}`);
  }
}
