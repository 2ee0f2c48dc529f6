/** Builds and runs the load generator, and reads what it says. */

import type { Child, Children } from "./children.ts";

/** What the load generator is told; load/load.h says what each is. */
export interface LoadArguments {
  /** What kind of load. */
  readonly mode: "echo" | "stream" | "once" | "idle" | "rate" | "datagrams" | "flood";
  /** Connections open at the same time. */
  readonly connections: number;
  /** Bytes in a message. */
  readonly size: number;
  /** `echo`: messages outstanding on each connection. */
  readonly depth?: number;
  /** `rate`: messages a second over all connections. */
  readonly rate?: number;
  /** `stream`: bytes to move. */
  readonly total?: number;
  /** How long to run before measuring, in milliseconds. */
  readonly warmup?: number;
  /** How long to measure, in milliseconds. */
  readonly duration?: number;
}

/** What the load generator measured; which members are there depends on the mode. */
export interface LoadResult {
  /** Length of the measured window, in seconds. */
  readonly seconds: number;
  /** CPU time of the load generator in the window, in seconds. */
  readonly loadCpuSeconds: number;
  /** CPU time of the server in the window, in seconds. */
  readonly serverCpuSeconds: number;
  /** Messages answered in the window. */
  readonly messages?: number;
  /** Bytes that came back in the window. */
  readonly bytes?: number;
  /** Connections finished in the window. */
  readonly connections?: number;
  /** `rate`: messages without an answer two seconds after the end. */
  readonly unanswered?: number;
  /** `rate`: latency percentiles and the greatest latency, in microseconds. */
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
  readonly p999?: number;
  readonly max?: number;
}

/** The server answered with bytes that it had not been sent. */
export class WrongAnswerError extends Error {
  override readonly name = "WrongAnswerError";
}

const LOAD = new URL("../load/", import.meta.url);
const SPARE_MS = 90_000; // for opening connections, beyond the window itself

/** Compiles C files into one program. */
export async function compile(
  children: Children,
  compiler: readonly string[],
  sources: readonly string[],
  binary: string,
): Promise<void> {
  await children.run([...compiler, "-O2", "-o", binary, ...sources]);
}

/**
 * Compiles the load generator.
 *
 * @returns The command that runs it.
 */
export async function compileLoad(
  children: Children,
  compiler: readonly string[],
  folder: string,
): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(LOAD))).map(({ name }) => name);
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => LOAD.pathname + name);
  await compile(children, compiler, sources, `${folder}/load`);
  return [`${folder}/load`];
}

/** The command that runs the load generator for TLS: it needs no compiler. */
export const TLS_LOAD: readonly string[] = [
  ...[Deno.execPath(), "run", "--no-lock", "--no-config", "-A"],
  `${LOAD.pathname}tls.ts`,
];

/**
 * Runs the load generator once.
 *
 * @returns What it measured.
 */
export async function runLoad(
  children: Children,
  command: readonly string[],
  core: number | null,
  server: { readonly port: number; readonly pids: readonly number[] },
  load: LoadArguments,
  whileHeld?: () => Promise<void>,
): Promise<LoadResult> {
  const options = Object.entries({ port: server.port, pid: server.pids.join(","), ...load })
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  await using child = children.start([...command, ...options], core);
  const limitMs = (load.warmup ?? 0) + (load.duration ?? 0) + SPARE_MS;
  const timer = setTimeout(() => child.kill(), limitMs);
  try {
    return await listen(child, whileHeld);
  } finally {
    clearTimeout(timer);
  }
}

async function listen(child: Child, whileHeld?: () => Promise<void>): Promise<LoadResult> {
  for await (const line of child.lines) {
    const said = JSON.parse(line);
    if (said.event === "result") return said;
    if (said.event === "wrong") throw new WrongAnswerError(said.message);
    if (said.event === "failed") throw new Error(said.message);
    await whileHeld?.();
    await child.nudge();
  }
  throw new Error(`Cannot measure: the load generator ended: ${child.errorText()}`);
}
