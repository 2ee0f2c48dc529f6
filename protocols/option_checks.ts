/**
 * Checks of options, so that what cannot be meant fails before anything is opened: a misspelt name,
 * a value of the wrong kind or out of range.
 *
 * Each options type has one table, which names a {@linkcode Check} of `checks.ts` for each of its
 * options, such as `check.flag`; the type of the table demands all of them.
 * {@linkcode checkOptions} goes through the options by the table. Rules for
 * several options together are checked afterwards, by their own function.
 *
 * @module
 */
import { type Check, type OptionName, show } from "./checks.ts";

export * as check from "./checks.ts";
export { type Check, type OptionName, outOfRange, show, wrongKind } from "./checks.ts";

/** The checks of all options of a type. */
export type OptionTable<O> = { readonly [K in keyof O]-?: Check };

/** Names of options in other systems, and the name of each here. */
const ALIASES: Readonly<Record<string, string>> = {
  host: "hostname",
  address: "hostname",
  ssl: "tls",
  ca: "caCerts",
  cafile: "caCerts",
  allowhalfopen: "writeEof",
  highwatermark: "writeBufferLimits",
  sslhandshaketimeout: "handshakeTimeout",
  sslshutdowntimeout: "shutdownTimeout",
};

/**
 * Checks options by the table of their type. An option that is `undefined` counts as not given.
 *
 * @param action What is to be done with them, for the text of an error.
 * @param options What was given.
 * @param table The checks.
 * @param required The options that must be given.
 * @throws {TypeError} If it is not an object, has an option that is not in the table, lacks one
 * that is required, or one is of the wrong kind.
 * @throws {RangeError} If one is out of range.
 */
export function checkOptions<O>(
  action: string,
  options: unknown,
  table: OptionTable<O>,
  required: readonly (keyof O & string)[] = [],
): void {
  checkTable(options, { action, name: "" }, table, required);
}

/** An object with options of its own. */
export function optionsOf<O>(
  table: OptionTable<O>,
  required: readonly (keyof O & string)[] = [],
): Check {
  return (value, option) => checkTable(value, option, table, required);
}

function checkTable(
  options: unknown,
  { action, name }: OptionName,
  table: Readonly<Record<string, Check>>,
  required: readonly string[],
): void {
  const names = Object.keys(table);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const example = (required.length > 0 ? required : names.slice(0, 2)).join(", ");
    const what = name === "" ? "" : `${name} `;
    throw new TypeError(
      `Cannot ${action}: ${what}${
        show(options)
      } is not an object with options such as { ${example} }`,
    );
  }
  const prefix = name === "" ? "" : `${name}.`;
  const given = read(options, `Cannot ${action}: ${name || "the options"}`);
  for (const [key, value] of Object.entries(given)) {
    const check = Object.hasOwn(table, key) ? table[key] : undefined;
    if (check === undefined) {
      if (typeof given.connectionMade === "function") {
        throw new TypeError(
          `Cannot ${action}: a protocol given instead of options; is a call missing in layers?`,
        );
      }
      throw new TypeError(
        `Cannot ${action}: there is no option "${prefix}${key}"${suggest(key, names)}`,
      );
    }
    if (value !== undefined) check(value, { action, name: prefix + key });
  }
  for (const key of required) {
    if (given[key] === undefined) {
      throw new TypeError(`Cannot ${action}: ${prefix}${key} is missing`);
    }
  }
}

/** The options of an object; a getter or a proxy of its maker may throw. */
function read(options: object, subject: string): Readonly<Record<string, unknown>> {
  try {
    return { ...options };
  } catch (cause) {
    throw new TypeError(`${subject} cannot be read`, { cause });
  }
}

/** Says which option may have been meant. */
function suggest(key: string, names: readonly string[]): string {
  const wanted = plain(key);
  const alias = ALIASES[wanted];
  if (alias !== undefined && names.includes(alias)) return `; did you mean "${alias}"?`;
  const [nearest] = names
    .map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const isNear = nearest !== undefined &&
    nearest.distance <= Math.max(1, Math.floor(Math.min(wanted.length, 9) / 3));
  return isNear ? `; did you mean "${nearest.name}"?` : `; the options are ${names.join(", ")}`;
}

/** How a name is compared: `reuse_port` and `REUSEPORT` are `reusePort`. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** How many characters have to be put in, taken out, exchanged or swapped to make `a` into `b`. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] &&
        a[row - 2] === b[column - 1];
      if (isSwap) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      next.push(least);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}

/** The options of an object that are not `undefined`. */
export type Given<O> = { [K in keyof O]?: Exclude<O[K], undefined> };

/** Leaves out the options that are `undefined`: they were not given. */
export function given<O extends object>(options: O): Given<O> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<O>;
}
