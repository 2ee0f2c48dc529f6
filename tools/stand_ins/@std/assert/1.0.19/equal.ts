// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.

/**
 * Tells whether two values are deeply equal.
 *
 * Zeros of either sign are equal, `NaN` equals itself, a missing property differs from one
 * that is `undefined`, objects of different classes differ, an object without a prototype counts
 * as a plain one. Maps and sets are compared without regard to order, cycles are followed once.
 *
 * @param a One value
 * @param b The other value
 * @returns Whether they are equal
 * @throws {TypeError} If a WeakMap or a WeakSet is to be compared with another one
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

/** `assumed` holds the pairs under comparison: a cycle that comes back to one is equal so far. */
function same(a: unknown, b: unknown, assumed: Map<object, object>): boolean {
  if (isSameValue(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) return isSameValue(a.getTime(), b.getTime());
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef) return same(a.deref(), (b as WeakRef<object>).deref(), assumed);

  const elements = elementsOf(a);
  if (elements !== undefined) return haveSameElements(elements, elementsOf(b) ?? []);
  if (assumed.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  assumed.set(a, b);
  if (a instanceof Map) return isSameMap(a, b as Map<unknown, unknown>, assumed);
  if (a instanceof Set) return isSameSet(a, b as Set<unknown>, assumed);
  if (isComparedAsText(a)) return String(a) === String(b);
  return haveSameProperties(a, b, assumed);
}

function isSameValue(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** The numbers of a typed array or of an array buffer, nothing for any other object. */
function elementsOf(value: object): ArrayLike<number | bigint> | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  // Every view that is not a DataView is a typed array.
  return value as Uint8Array;
}

function haveSameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!isSameValue(a[i], b[i])) return false;
  }
  return true;
}

function isSameMap(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  assumed: Map<object, object>,
): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) => {
    if (isPrimitive(key)) return b.has(key) && same(value, b.get(key), assumed);
    return [...b].some(([other, held]) => same(key, other, assumed) && same(value, held, assumed));
  });
}

function isSameSet(a: Set<unknown>, b: Set<unknown>, assumed: Map<object, object>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every((item) =>
    isPrimitive(item) ? b.has(item) : [...b].some((other) => same(item, other, assumed))
  );
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

const TEXT_CLASSES: readonly { readonly prototype: object }[] = [
  Intl.Locale,
  RegExp,
  URL,
  URLSearchParams,
  Temporal.Duration,
  Temporal.Instant,
  Temporal.PlainDate,
  Temporal.PlainDateTime,
  Temporal.PlainTime,
  Temporal.PlainYearMonth,
  Temporal.PlainMonthDay,
  Temporal.ZonedDateTime,
];

/** Classes whose text holds all of their state, and whose state no property shows. */
function isComparedAsText(value: object): boolean {
  return TEXT_CLASSES.some((type) => prototypeOf(value) === type.prototype);
}

function haveSameProperties(a: object, b: object, assumed: Map<object, object>): boolean {
  for (const key of new Set([...propertiesOf(a), ...propertiesOf(b)])) {
    if (!same(Reflect.get(a, key), Reflect.get(b, key), assumed)) return false;
    if (key in a !== key in b) return false;
  }
  return true;
}

/** The enumerable keys of a plain object or array; all keys of an instance, with its getters. */
function propertiesOf(value: object): PropertyKey[] {
  const prototype = prototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) {
    return Reflect.ownKeys({ ...value });
  }
  const keys: PropertyKey[] = [];
  for (
    let owner: object | null = value;
    owner !== null && owner !== Object.prototype && owner !== Array.prototype;
    owner = Object.getPrototypeOf(owner)
  ) {
    keys.push(...Reflect.ownKeys(owner));
  }
  return keys;
}
