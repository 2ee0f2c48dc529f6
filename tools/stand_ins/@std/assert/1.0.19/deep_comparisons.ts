// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.
import { ending, show } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { assertEquals } from "./comparisons.ts";
import { equal } from "./equal.ts";

/** Something with elements that is not a string. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Throws unless each of the expected elements is, deeply equal, among the actual ones. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !present.some((one) => equal(item, one)));
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${show(actual)}" to include: "${show(expected)}"${ending(msg)}\n` +
      `missing: ${show(missing)}`,
  );
}

/** Throws unless the object has the expected properties, at every depth; it may have more. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- an interface has no index signature, so unknown refuses it
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(chosen(actual, expected), chosen(expected, expected), msg);
}

/**
 * The result for each pair of a value and a pattern so far: a cycle comes back to one of them.
 */
type Made = Map<object, Map<object, unknown>>;

/** The part of a value that the pattern speaks of, as plain objects: classes do not count. */
function chosen(value: unknown, pattern: unknown, made: Made = new Map()): unknown {
  if (!isObject(value) || !isObject(pattern)) return value;
  if (value instanceof RegExp || value instanceof Date) return value;
  if (value instanceof Set && pattern instanceof Set) return value.intersection(pattern);
  const known = made.getOrInsert(value, new Map());
  if (known.has(pattern)) return known.get(pattern);

  if (Array.isArray(value) && Array.isArray(pattern)) {
    const list: unknown[] = [];
    known.set(pattern, list);
    for (const [index, part] of pattern.slice(0, value.length).entries()) {
      list.push(chosen(value[index], part, made));
    }
    return list;
  }
  if (value instanceof Map && pattern instanceof Map) {
    const map = new Map<unknown, unknown>();
    known.set(pattern, map);
    for (const [key, part] of pattern) {
      if (value.has(key)) map.set(key, chosen(value.get(key), part, made));
    }
    return map;
  }
  const object: Record<PropertyKey, unknown> = {};
  known.set(pattern, object);
  for (const key of Reflect.ownKeys(pattern)) {
    if (!Object.hasOwn(value, key)) continue;
    object[key] = chosen(Reflect.get(value, key), Reflect.get(pattern, key), made);
  }
  return object;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
