/**
 * Compares the example server in examples/redis with the real Redis, both driven by
 * redis-benchmark, in turns: with pipelines of 16 commands and without, 50 connections. Prints the
 * median of requests a second, their ratio round by round, and the CPU time of the server per
 * request.
 *
 *     deno run -A bench/redis/main.ts [rounds]
 *
 * Needs redis-server and redis-benchmark (Debian: `redis-server`, `redis-tools`) and Linux: CPU
 * time comes from /proc. The servers are pinned to one core and redis-benchmark to another where
 * there are two and `taskset` is installed.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { medianOf } from "../harness/statistics.ts";

const TESTS = ["ping_mbulk", "set", "get"] as const;
/** How many requests each measurement makes, by the depth of the pipelines. */
const REQUESTS: Readonly<Record<number, number>> = { 1: 100_000, 16: 600_000 };
const TICKS_PER_SECOND = 100;
const PATIENCE_MS = 10_000;

/** A server that is measured. */
interface Subject {
  readonly name: string;
  readonly port: number;
  readonly child: Deno.ChildProcess;
}

/** One measurement. */
interface Figures {
  /** Requests a second. */
  readonly rate: number;
  /** CPU time of the server for one request, in microseconds. */
  readonly cpuUs: number;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const isPinned = navigator.hardwareConcurrency > 1 && await hasTaskset();

async function hasTaskset(): Promise<boolean> {
  try {
    const command = new Deno.Command("taskset", { args: ["-c", "0", "true"] });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

function spawn(
  core: number,
  program: string,
  args: string[],
  isTalking: boolean,
): Deno.ChildProcess {
  const command = isPinned ? ["taskset", "-c", String(core), program, ...args] : [program, ...args];
  return new Deno.Command(command[0] ?? program, {
    args: command.slice(1),
    stdin: "null",
    stdout: isTalking ? "piped" : "null",
    stderr: "null",
  }).spawn();
}

async function startRedis(): Promise<Subject> {
  const port = freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn(0, "redis-server", args, false);
  for (const end = performance.now() + PATIENCE_MS;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return { name: "redis-server", port, child };
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function startExample(): Promise<Subject> {
  const path = new URL("../../examples/redis/server.ts", import.meta.url).pathname;
  const args = ["run", "--allow-net", path, "--port", "0"];
  const child = spawn(0, Deno.execPath(), args, true);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const port = /:(\d+)$/.exec(line)?.[1];
    if (port !== undefined) return { name: "examples/redis", port: Number(port), child };
  }
  throw new Error("The example did not start");
}

/** CPU time of a process, in seconds. */
function cpuOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measure(subject: Subject, test: string, depth: number): Promise<Figures> {
  const requests = REQUESTS[depth] ?? 0;
  const args = ["-p", String(subject.port), "-t", test, "-c", "50", "--csv"];
  const before = cpuOf(subject.child.pid);
  const benchmark = spawn(1, "redis-benchmark", [
    ...args,
    "-P",
    String(depth),
    "-n",
    String(requests),
  ], true);
  const { stdout } = await benchmark.output();
  const rate = Number(
    /^"[^"]+","([\d.]+)"/m.exec(new TextDecoder().decode(stdout).split("\n")[1] ?? "")?.[1],
  );
  if (!(rate > 0)) throw new Error(`redis-benchmark measured nothing of ${subject.name}`);
  return { rate, cpuUs: (cpuOf(subject.child.pid) - before) * 1e6 / requests };
}

function row(title: string, redis: readonly Figures[], ours: readonly Figures[]): string {
  const of = (figures: readonly Figures[], key: keyof Figures): number =>
    medianOf(figures.map((one) => one[key]));
  const ratios = ours.map(({ rate }, i) => rate / (redis[i]?.rate ?? NaN));
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  return [
    title.padEnd(22),
    of(redis, "rate").toFixed(0).padStart(9),
    of(ours, "rate").toFixed(0).padStart(9),
    `${medianOf(ratios).toFixed(2)} (${spread})`.padEnd(20),
    `${of(redis, "cpuUs").toFixed(2)} us`.padStart(9),
    `${of(ours, "cpuUs").toFixed(2)} us`.padStart(9),
  ].join("  ");
}

const rounds = Number(Deno.args[0] ?? 5);
const redis = await startRedis();
const ours = await startExample();
try {
  console.log(`median of ${rounds} rounds; redis-server, examples/redis`);
  console.log(`${"".padEnd(22)}  requests/s           ratio                 CPU per request`);
  for (const depth of [16, 1]) {
    for (const test of TESTS) {
      const figures: Record<string, Figures[]> = { redis: [], ours: [] };
      // The first round warms up.
      for (let round = 0; round <= rounds; round++) {
        for (const [key, subject] of Object.entries({ redis, ours })) {
          const measured = await measure(subject, test, depth);
          if (round > 0) figures[key]?.push(measured);
        }
      }
      const title = depth === 1 ? test : `${test}, pipelined ${depth}`;
      console.log(row(title, figures["redis"] ?? [], figures["ours"] ?? []));
    }
  }
} finally {
  for (const { child } of [redis, ours]) {
    child.kill("SIGKILL");
    await child.status;
  }
}
