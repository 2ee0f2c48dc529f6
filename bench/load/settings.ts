/** The arguments of the load generator. */

/** What to do; load_generator.ts tells what each is. */
export interface Settings {
  /** The kind of load. */
  readonly mode: "echo" | "stream" | "once" | "idle" | "flood" | "rate";
  /** The server's address. */
  readonly host: string;
  /** The server's port. */
  readonly port: number;
  /** Connections open at the same time. */
  readonly connections: number;
  /** Bytes in a message. */
  readonly size: number;
  /** Messages outstanding on each connection. */
  readonly depth: number;
  /** Whether messages are lines. */
  readonly lines: boolean;
  /** Messages on each connection before it is closed. */
  readonly messages: number;
  /** Messages a second. */
  readonly rate: number;
  /** Bytes to move, or most bytes to send on each connection. */
  readonly total: number;
  /** Length of the warm-up, in milliseconds. */
  readonly warmupMs: number;
  /** Length of the measured window, in milliseconds. */
  readonly durationMs: number;
  /** Whether to speak TLS. */
  readonly tls: boolean;
  /** The server's processes. */
  readonly pids: readonly number[];
}

const MODES = ["echo", "stream", "once", "idle", "flood", "rate"] as const;
const IGNORED = "--sources"; // Deno cannot choose the local address of a connection
const KNOWN = [
  ...[
    "--mode",
    "--host",
    "--port",
    "--connections",
    "--size",
    "--depth",
    "--payload",
    "--messages",
  ],
  ...["--rate", "--total", "--warmup", "--duration", "--pid", "--tls", IGNORED],
];

/**
 * Reads the arguments.
 *
 * @param args Names and values in turn.
 * @returns The settings.
 * @throws {TypeError} If one is unknown, missing or no number.
 */
export function parseSettings(args: readonly string[]): Settings {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i] ?? "";
    const value = args[i + 1];
    if (!KNOWN.includes(name)) throw new TypeError(`Cannot read options: ${name} is unknown`);
    if (value === undefined) throw new TypeError(`Cannot read options: ${name} has no value`);
    given.set(name, value);
  }
  const number = (name: string, fallback?: number): number => {
    const value = Number(given.get(name) ?? fallback);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new TypeError(`Cannot read ${name}: value is ${given.get(name)}`);
  };
  const mode = MODES.find((one) => one === (given.get("--mode") ?? "echo"));
  if (mode === undefined) throw new TypeError(`Cannot start: mode is ${given.get("--mode")}`);
  return {
    mode,
    host: given.get("--host") ?? "127.0.0.1",
    port: number("--port"),
    connections: number("--connections", 1),
    size: number("--size", 64),
    depth: number("--depth", 1),
    lines: given.get("--payload") === "lines",
    messages: number("--messages", 1),
    rate: number("--rate", 1000),
    total: number("--total", 2 ** 30),
    warmupMs: number("--warmup", 200),
    durationMs: number("--duration", 1000),
    tls: given.get("--tls") === "yes",
    pids: (given.get("--pid") ?? "").split(",").filter((pid) => pid !== "").map(Number),
  };
}
