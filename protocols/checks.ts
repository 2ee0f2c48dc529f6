/**
 * Checks of single values, which the tables of options name.
 *
 * ```text
 * Cannot ACTION: OPTION VALUE PROBLEM; REMEDY
 * ```
 *
 * @module
 */

/** An option, as the text of an error names it. */
export interface OptionName {
  /** The action that the options are for: "connect", "listen", "use idleTimeout". */
  readonly action: string;
  /** The name of the option: "port", "tls.cert", "layers[1]". */
  readonly name: string;
}

/** Throws a `TypeError` or a `RangeError` for a value that the option cannot have. */
export type Check = (value: unknown, option: OptionName) => void;

/** A `TypeError` for a value of the wrong kind. */
export function wrongKind(
  { action, name }: OptionName,
  value: unknown,
  problem: string,
): TypeError {
  return new TypeError(`Cannot ${action}: ${name} ${show(value)} ${problem}`);
}

/** A `RangeError` for a value that is out of range. */
export function outOfRange(
  { action, name }: OptionName,
  value: unknown,
  problem: string,
): RangeError {
  return new RangeError(`Cannot ${action}: ${name} ${show(value)} ${problem}`);
}

/** A number of some kind, for which `isGood` holds; `problem` words the refusal of others. */
export function numeric(
  isGood: (value: number) => boolean,
  problem: string,
  kind: string = "a number",
): Check {
  return (value, option) => {
    if (typeof value !== "number") throw wrongKind(option, value, `is not ${kind}`);
    if (!isGood(value)) throw outOfRange(option, value, problem);
  };
}

/** A time in milliseconds, above 0 unless 0 is allowed; `Infinity` is never. */
export function duration({ zero = false }: { readonly zero?: boolean } = {}): Check {
  const range = zero ? "of 0 ms or more" : "above 0 ms; give Infinity for no limit";
  const isGood = (value: number): boolean => value > 0 || (zero && value === 0);
  return numeric(isGood, `is not a time ${range}`, "a number of milliseconds");
}

/** A number of at least `least`, other than NaN. */
export function numberFrom(least: number): Check {
  return numeric((value) => value >= least, `is not a number of at least ${least}`);
}

/** A number above 0. */
export function numberAbove0(unit: string): Check {
  return numeric((value) => value > 0, `is not above 0 ${unit}`);
}

/** A size in bytes, of 0 or of at least one byte; `Infinity` is no limit. */
export function size(least: 0 | 1 = 0): Check {
  const problem = `is not a size in bytes${least === 0 ? "" : " of at least 1"}`;
  return numeric((value) => value >= least, problem, "a number of bytes");
}

/** A whole number from a lowest to a highest value. */
export function wholeNumber(least: number, most: number = Infinity): Check {
  const range = most < Number.MAX_SAFE_INTEGER
    ? ` from ${least} to ${most}`
    : least > Number.MIN_SAFE_INTEGER
    ? ` of at least ${least}`
    : "";
  const isGood = (value: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  return numeric(isGood, `is not a whole number${range}`);
}

/** A whole number from a lowest value, or `Infinity` for no limit. */
export function wholeNumberOrInfinity(least: number): Check {
  const check = wholeNumber(least);
  return (value, option) => {
    if (value !== Infinity) check(value, option);
  };
}

/** `true` or `false`. */
export function flag(value: unknown, option: OptionName): void {
  if (typeof value !== "boolean") throw wrongKind(option, value, "is neither true nor false");
}

/** A string. */
export function text(value: unknown, option: OptionName): void {
  if (typeof value !== "string") throw wrongKind(option, value, "is not a string");
}

/** A function; `example` shows one. */
export function functionLike(example: string = ""): Check {
  const remedy = example === "" ? "" : `; give one such as ${example}`;
  return (value, option) => {
    if (typeof value !== "function") throw wrongKind(option, value, `is not a function${remedy}`);
  };
}

/** One of some values. */
export function oneOf(...values: readonly (string | number)[]): Check {
  const list = values.map(show).join(", ");
  return (value, option) => {
    if ((values as readonly unknown[]).includes(value)) return;
    const isNumber = typeof value === "number" && typeof values[0] === "number";
    throw (isNumber ? outOfRange : wrongKind)(option, value, `is not one of ${list}`);
  };
}

/** A list, each element of which passes a check. */
export function listOf(check: Check, { least = 0 }: { readonly least?: number } = {}): Check {
  return (value, option) => {
    if (!Array.isArray(value)) {
      throw wrongKind(option, value, `is not a list; write ${option.name}: [ … ]`);
    }
    if (value.length < least) {
      throw new TypeError(`Cannot ${option.action}: ${option.name} is an empty list`);
    }
    for (let i = 0; i < value.length; i++) {
      check(value[i], { action: option.action, name: `${option.name}[${i}]` });
    }
  };
}

/**
 * Checks a value of one of several kinds: by the first check for which `applies` holds, else by the
 * last.
 */
export function either(applies: (value: unknown) => boolean, first: Check, second: Check): Check {
  return (value, option) => (applies(value) ? first : second)(value, option);
}

/** An object of any class that has certain methods: "an AbortSignal", "a Clock". */
export function objectWith(kind: string, ...methods: readonly string[]): Check {
  return (value, option) => {
    const isSuch = typeof value === "object" && value !== null && hasMethods(value, methods);
    if (!isSuch) throw wrongKind(option, value, `is not ${kind}`);
  };
}

/** Whether an object has certain methods. One that cannot be read has none. */
function hasMethods(value: object, methods: readonly string[]): boolean {
  try {
    return methods.every((method) => typeof Reflect.get(value, method) === "function");
  } catch {
    return false;
  }
}

/** An `AbortSignal`. */
export const abortSignal: Check = objectWith(
  "an AbortSignal",
  "addEventListener",
  "throwIfAborted",
);

/** Bytes. */
export function bytes(value: unknown, option: OptionName): void {
  if (!(value instanceof Uint8Array)) throw wrongKind(option, value, "is not a Uint8Array");
}

/** Anything: what is checked elsewhere. */
export function anything(): void {}

/** A value as the text of an error shows it, in short and on one line. Never throws. */
export function show(value: unknown): string {
  try {
    if (typeof value === "string") {
      return JSON.stringify(value.length > 80 ? `${value.substring(0, 80)}…` : value);
    }
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "function") return value.name ? `function ${value.name}` : "a function";
    if (Array.isArray(value)) return "a list";
    if (typeof value !== "object" || value === null) return String(value);
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name !== "Object" ? `of class ${name}` : "an object";
  } catch {
    return "an object";
  }
}
