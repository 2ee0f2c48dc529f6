/** Builds and runs the load generator, and reads what it says. */

import type { Child, Children } from "./children.ts";

/** The settings of the load generator; load/load.h describes each. */
export interface LoadArguments {
  readonly mode: "echo" | "stream" | "once" | "idle" | "rate" | "datagrams" | "flood";
  readonly connections: number;
  readonly size: number;
  readonly depth?: number;
  readonly rate?: number;
  readonly total?: number;
  readonly warmup?: number;
  readonly duration?: number;
}

type Latency = "p50" | "p90" | "p99" | "p999" | "max";

/**
 * The measurements of the load generator in the window: its length and the CPU time of both
 * programs in
 * seconds, the messages or connections that were done, and latencies in microseconds.
 */
export type LoadResult =
  & Readonly<Record<"seconds" | "loadCpuSeconds" | "serverCpuSeconds" | "done", number>>
  & Readonly<Partial<Record<"unanswered" | Latency, number>>>;

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

/** Compiles the load generator; resolves to the command that runs it. */
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

/** Runs the load generator once. */
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
