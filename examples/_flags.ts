/**
 * Command-line flags for the examples. Your own program does not need this file.
 *
 * ```text
 * const { target, ...endpoint } = readFlags({
 *   ...listenFlags(8080),
 *   target: ["127.0.0.1:8888", "where to connect to, as HOST:PORT", toTarget],
 * });
 * ```
 *
 * @module
 */
import type { Endpoint } from "@sluice/net/transports";
import { parseArgs } from "node:util";

/**
 * A flag: its default, its meaning for `--help`, and a function that turns its text into a value or
 * throws. A flag whose default is `false` is a switch. A flag whose default is `undefined` is left
 * out of the result if it is not given.
 */
type Flag = readonly [
  value: string | number | boolean | undefined,
  meaning: string,
  parse?: (text: string) => unknown,
];

type ValueOf<F extends Flag> = F extends readonly [unknown, string, (text: string) => infer R] ? R
  : F[0] extends number ? number
  : F[0] extends boolean ? boolean
  : string;

type Values<T extends Record<string, Flag>> =
  & { readonly [K in keyof T as T[K][0] extends undefined ? never : K]: ValueOf<T[K]> }
  & { readonly [K in keyof T as T[K][0] extends undefined ? K : never]?: ValueOf<T[K]> };

/** The values of flags. With `path` among the flags, `path` may be given instead of a port. */
export type Flags<T extends Record<string, Flag>> = T extends
  { readonly port: Flag; readonly path: Flag }
  ? Values<Omit<T, "hostname" | "port" | "path">> & Endpoint
  : Values<T>;

/** A wrong flag, or a wrong value of a flag: the program ends with exit code 2. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** The flags for where a server listens. */
export function listenFlags<const P extends number>(port: P): {
  readonly hostname: readonly [undefined, string, (text: string) => string];
  readonly port: readonly [P, string, (text: string) => number];
  readonly path: readonly [undefined, string];
} {
  return {
    hostname: [undefined, "the host name or address to listen on (default: 127.0.0.1)", toHostname],
    port: [port, "the port to listen on; 0: any free one", toPort],
    path: [undefined, "the path of a Unix socket to listen on, instead of a port"],
  };
}

/** The flags for where a client connects to. */
export function connectFlags<const P extends number>(port: P): {
  readonly hostname: readonly [undefined, string, (text: string) => string];
  readonly port: readonly [P, string, (text: string) => number];
  readonly path: readonly [undefined, string];
} {
  return {
    hostname: [
      undefined,
      "the host name or address of the server (default: 127.0.0.1)",
      toHostname,
    ],
    port: [port, "the port of the server", toRemotePort],
    path: [undefined, "the path of a Unix socket to connect to, instead of a port"],
  };
}

/**
 * Reads flags such as `--message hello` or `--message=hello`.
 *
 * @param flags The flags by name.
 * @param needs For a flag that means nothing alone: the flags of which one must be given as well.
 * @returns Their values. Those of an endpoint have the names of the library's options.
 * @throws {FlagError} If a flag is unknown, or its value is wrong.
 */
export function readFlags<const T extends Record<string, Flag>>(
  flags: T,
  needs: { readonly [name: string]: readonly string[] } = {},
): Flags<T> {
  const given = parse(flags);
  if (given["help"] === true) {
    console.log(help(flags));
    Deno.exit(0);
  }
  checkTogether(given, needs);
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries<Flag>(flags)) {
    const value = valueOf(name, flag, given[name]);
    if (value !== undefined) values[name] = value;
  }
  if ("path" in given) delete values["port"];
  // Each value has the type of its flag's default, or that of its parser.
  return values as Flags<T>;
}

type Given = Record<string, string | boolean | undefined>;

function parse(flags: Record<string, Flag>): Given {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, [value]]) =>
      [name, { type: value === false ? "boolean" : "string" }] as const
    ),
  );
  try {
    return { ...parseArgs({ options: { ...options, help: { type: "boolean" } } }).values };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split(/[.\n]/);
    throw new FlagError(`${reason}; ${usage(flags)}`);
  }
}

function checkTogether(given: Given, needs: { readonly [name: string]: readonly string[] }): void {
  for (const other of ["port", "hostname"]) {
    if ("path" in given && other in given) {
      throw new FlagError(`Cannot use --path together with --${other}`);
    }
  }
  for (const [name, others] of Object.entries(needs)) {
    if (name in given && !others.some((other) => other in given)) {
      throw new FlagError(`Cannot use --${name} without --${others.join(" or --")}`);
    }
  }
}

function valueOf(name: string, flag: Flag, given: string | boolean | undefined): unknown {
  const [value, , parse = typeof flag[0] === "number" ? toWholeNumber : String] = flag;
  const text = given ?? value;
  if (typeof text !== "string") return text;
  try {
    if (text === "") throw new Error("the value is empty");
    return parse(text);
  } catch (error) {
    throw new FlagError(`Cannot use --${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function usage(flags: Record<string, Flag>): string {
  const shown = Object.entries(flags).map(([name, flag]) => `[${shape(name, flag)}]`);
  return `usage: ${programName()} ${[...shown, "[--help]"].join(" ")}`;
}

function help(flags: Record<string, Flag>): string {
  const all: [string, Flag][] = [...Object.entries(flags), ["help", [false, "show this help"]]];
  const width = Math.max(...all.map(([name, flag]) => shape(name, flag).length));
  const lines = all.map(([name, flag]) => {
    const [value, meaning] = flag;
    const isShown = value !== undefined && value !== false;
    return `  ${shape(name, flag).padEnd(width)}  ${meaning}${
      isShown ? ` (default: ${value})` : ""
    }`;
  });
  return [usage(flags), "", ...lines].join("\n");
}

function shape(name: string, [value]: Flag): string {
  return value === false ? `--${name}` : `--${name} ${name.toUpperCase()}`;
}

/** The name of the example: its path in the folder `examples`. */
export function programName(): string {
  return Deno.mainModule.replace(/^.*\/examples\/|^.*\/(?=[^/]*$)/, "").replace(/\.ts$/, "");
}

/** A whole number. */
export function toWholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`"${text}" is not a whole number`);
}

/** A whole number of at least 1. */
export function toCount(text: string): number {
  const count = toWholeNumber(text);
  if (count > 0) return count;
  throw new Error(`${text} is not at least 1`);
}

/** A host name or an IP address. */
export function toHostname(text: string): string {
  if (/^(?:[^\s:/@[\]]+|[\da-f:.]+(?:%\w+)?)$/i.test(text)) return text;
  throw new Error(`"${text}" is not a host name or an IP address`);
}

/** A port to listen on. */
export function toPort(text: string): number {
  return checkPort(toWholeNumber(text), 0);
}

/** A port to connect to. */
export function toRemotePort(text: string): number {
  return checkPort(toWholeNumber(text), 1);
}

/**
 * Checks the port of a program that is server or client.
 *
 * @throws {FlagError} If no client can connect to it.
 */
export function checkRemotePort({ port }: Endpoint): void {
  if (port === 0) throw new FlagError("Cannot use --port: port 0 is not in 1 to 65535");
}

function checkPort(port: number, lowest: 0 | 1): number {
  if (port >= lowest && port <= 65_535) return port;
  throw new Error(`port ${port} is not in ${lowest} to 65535`);
}

/** `HOST:PORT`, with brackets around an IPv6 address, as an endpoint to connect to. */
export function toTarget(text: string): { readonly hostname: string; readonly port: number } {
  const [, address, name, port = ""] = text.match(/^(?:\[([\da-f:.]+)\]|([^\s:/[\]]+)):(\d+)$/i) ??
    [];
  const hostname = address ?? name;
  if (hostname === undefined) throw new Error(`"${text}" is not HOST:PORT`);
  return { hostname, port: toRemotePort(port) };
}
