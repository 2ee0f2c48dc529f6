/**
 * What the examples share, and no program needs to use the library: flags, running until Ctrl-C or
 * SIGTERM, and one line for what goes wrong.
 *
 * ```text
 * await runProgram(async () => {
 *   await serveUntilStopped(await createServer(() => new Echo(), readFlags({ port: 8888 })));
 * });
 * ```
 *
 * @module
 */
import { type Endpoint, formatAddress, type Server, type Transport } from "@sluice/net";
import { parseArgs } from "node:util";

/** The default of each flag by its name. The flag has the type of its default; `false` is a switch. */
export type FlagDefaults = Record<string, string | number | boolean>;

/** What the flags were set to. With a `port` among them, where to listen or to connect as well. */
export type Flags<T extends FlagDefaults> =
  & {
    readonly [K in Exclude<keyof T, "port">]: T[K] extends number ? number
      : T[K] extends boolean ? boolean
      : string;
  }
  & (T extends { readonly port: number } ? Endpoint : unknown);

/** A flag that cannot be meant. */
class FlagError extends Error {}

/** Runs a program: what it throws becomes one line on stderr, and code 2 for a bad flag, else 1. */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(`${programName()}: ${explain(error)}`);
    Deno.exit(error instanceof FlagError ? 2 : 1);
  }
}

/**
 * Reads flags such as `--message hello` or `--message=hello`.
 *
 * With `port` come `hostname` and `path`, under the names that the library has for them: what is
 * returned can be handed to it. `--path` takes the place of the port; both together are for the
 * library to refuse.
 */
export function readFlags<const T extends FlagDefaults>(defaults: T): Flags<T> {
  const hasEndpoint = "port" in defaults;
  const given = readGiven(
    hasEndpoint ? { hostname: "", port: 0, path: "", ...defaults } : defaults,
  );
  const flags: FlagDefaults = { ...defaults, ...given };
  if (hasEndpoint && "path" in given && !("port" in given)) delete flags["port"];
  // What was given has the type of its default, and what was not is the default.
  return flags as Flags<T>;
}

function readGiven(defaults: FlagDefaults): FlagDefaults {
  const usage = describeFlags(defaults);
  const names = Object.entries(defaults);
  const options = Object.fromEntries(
    names.map(([name, value]) => [name, { type: value === false ? "boolean" : "string" } as const]),
  );
  const given = parse({ ...options, help: { type: "boolean" } }, usage);
  if (given.help) {
    console.log(usage);
    Deno.exit(0);
  }
  for (const [name, value] of Object.entries(given)) {
    if (typeof defaults[name] === "number") given[name] = toNumber(name, value);
  }
  return given;
}

function parse(
  options: Record<string, { readonly type: "boolean" | "string" }>,
  usage: string,
): FlagDefaults {
  try {
    return { ...parseArgs({ args: Deno.args, options }).values } as FlagDefaults;
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split(/[.\n]/);
    throw new FlagError(`${reason}; ${usage}`);
  }
}

function toNumber(name: string, text: FlagDefaults[string]): number {
  if (/^\d+$/.test(String(text))) return Number(text);
  throw new FlagError(`Cannot use --${name}: "${text}" is not a whole number`);
}

function describeFlags(defaults: FlagDefaults): string {
  const flags = Object.entries(defaults).map(([name, value]) =>
    value === false ? `[--${name}]` : `[--${name} ${name.toUpperCase()}]`
  );
  return `usage: ${programName()} ${flags.join(" ")}`;
}

/** Serves until Ctrl-C or SIGTERM, in the manner of {@linkcode announce}, and waits for the clients. */
export async function serveUntilStopped(server: Server): Promise<void> {
  announce(server);
  await server.serveForever();
  await server.shutdown();
}

/**
 * Says where a server listens. On Ctrl-C or SIGTERM it stops listening, which ends its
 * `serveForever()`, and its clients are closed once what is queued for them is sent; a second Ctrl-C
 * ends the program at once.
 */
export function announce(server: Server): void {
  void stopRequested().then(() => {
    console.log(`stopping, ${server.connections.size} connections to close`);
    server.close();
    server.closeClients();
  });
  console.log(`listening on ${server.addresses.map(formatAddress).join(", ")}`);
  console.log("stop with Ctrl-C");
}

/** Resolves at the first Ctrl-C or SIGTERM; the second one finds nobody who listens. */
export function stopRequested(): Promise<void> {
  // Windows knows no SIGTERM.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of signals) Deno.removeSignalListener(signal, stop);
      resolve();
    };
    for (const signal of signals) Deno.addSignalListener(signal, stop);
  });
}

/**
 * `Deno.serve` on a port. Where that is in use, the error says which one it is, as that of `createServer` does.
 */
export function serveHttp(
  where: { readonly hostname: string; readonly port: number },
  onListen: (address: Deno.NetAddr) => void,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ ...where, onListen }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    const message = `Cannot listen on ${where.hostname}:${where.port}: ${error.message}`;
    throw new Deno.errors.AddrInUse(message, { cause: error });
  }
}

/** The other end of a connection, as people write it. */
export function peerOf(transport: Transport): string {
  return formatAddress(transport.getExtraInfo("peername"));
}

function programName(): string {
  return Deno.mainModule.replace(/^.*\//, "").replace(/\.ts$/, "");
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line] = error.message.split("\n");
  return `${line}${hint(error)}`;
}

function hint(error: Error): string {
  if (error instanceof Deno.errors.AddrInUse) return "; choose another --port (0: any free one)";
  if (error instanceof Deno.errors.ConnectionRefused) return "; is the server running?";
  return "";
}
