// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.
import nodeAssert from "node:assert";
import { ending, show } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** Throws unless the two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(`Values are not equal${ending(msg)}\n${difference(actual, expected)}`);
}

/** Throws if the two values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${show(actual)} not to be: ${show(expected)}${ending(msg)}`,
  );
}

/** Throws unless the two are the same value or object, in the sense of `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const claim = show(actual) === show(expected)
    ? "Values have the same structure but are not reference-equal"
    : "Values are not strictly equal";
  throw new AssertionError(`${claim}${ending(msg)}\n${difference(actual, expected)}`);
}

/** Throws if the two are the same value or object, in the sense of `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${show(actual)}${ending(msg)}\n`,
  );
}

/** Longer than this, a line for each element hides the difference instead of showing it. */
const MOST_ELEMENTS_LISTED = 200;

/** Shows where two values differ, in the lines of `node:assert`. */
function difference(actual: unknown, expected: unknown): string {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    if (Math.max(actual.length, expected.length) > MOST_ELEMENTS_LISTED) {
      return bytesDifference(actual, expected);
    }
  }
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    if (error instanceof nodeAssert.AssertionError) return error.message;
    throw error;
  }
  // Two objects that are equal, where the same one was asked for.
  return show(actual);
}

function bytesDifference(actual: Uint8Array, expected: Uint8Array): string {
  let index = 0;
  while (actual[index] === expected[index]) index++;
  const around = (bytes: Uint8Array): string => show(bytes.subarray(index, index + 8));
  return `${actual.length} bytes, expected ${expected.length}; from index ${index}:\n` +
    `+ ${around(actual)}\n- ${around(expected)}`;
}
