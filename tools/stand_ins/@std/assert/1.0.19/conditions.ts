// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.
import { ending, show } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** A value that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Throws unless the value counts as true. */
export function assert(expr: unknown, msg: string = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Throws unless the value counts as false. */
export function assertFalse(expr: unknown, msg: string = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Throws if the value is `null` or `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${ending(msg)}`,
  );
}

/** Throws unless the value is an instance of the class. */
// deno-lint-ignore no-explicit-any -- any constructor will do, with any parameters
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const found = typeof actual === "object"
    ? actual === null ? "null" : actual.constructor?.name ?? "Object"
    : typeof actual;
  const instead = found === expectedType.name
    ? ""
    : found === "function"
    ? " but was not an instanced object"
    : ` but was "${found}"`;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}"${instead}${ending(msg)}`,
  );
}

/** Throws unless the text contains the other one. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${ending(msg)}`);
}

/** Throws unless the text matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${ending(msg)}`);
}

/** Throws if the text matches the pattern. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${ending(msg)}`,
  );
}

/** Throws unless the first value is greater than the second. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw misordered(actual, ">", expected, msg);
}

/** Throws unless the first value is greater than the second or equal to it. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw misordered(actual, ">=", expected, msg);
}

/** Throws unless the first value is less than the second. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw misordered(actual, "<", expected, msg);
}

/** Throws unless the first value is less than the second or equal to it. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw misordered(actual, "<=", expected, msg);
}

function misordered(
  actual: unknown,
  order: string,
  expected: unknown,
  msg: string | undefined,
): AssertionError {
  return new AssertionError(msg ?? `Expect ${show(actual)} ${order} ${show(expected)}`);
}

/** Throws unless two numbers differ by no more than the tolerance (a ten-millionth by default). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  throw new AssertionError(
    `Expected actual: "${short(actual)}" to be close to "${short(expected)}": ` +
      `delta "${short(delta)}" is greater than "${short(tolerance)}"${ending(msg)}`,
  );
}

function short(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toExponential();
}
