/** Measures servers: scenario by scenario, in rounds over the servers (A, B, C, A, B, C …). */

import type { Measurement, Scenario, Values } from "../scenarios.ts";
import type { Kind, ServerProgram } from "../servers.ts";
import type { Child, Children } from "./children.ts";
import { runLoad, TLS_LOAD, WrongAnswerError } from "./load_generator.ts";
import { cpuSecondsOf, memoryOf, processTree } from "./process_usage.ts";
import type { Row } from "./rows.ts";
import type { Cores } from "./runtimes.ts";

/** A server with the command that starts it. */
export interface ReadyServer extends Pick<ServerProgram, "name" | "label" | "kind"> {
  /** Whether it is this library's. */
  readonly isOwn: boolean;
  readonly command: readonly string[];
}

/** The scenarios and servers to measure, and how. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  /** The servers, in the order of a round. */
  readonly servers: readonly ReadyServer[];
  readonly rounds: number;
  /** Length of a measured window, in milliseconds. */
  readonly windowMs: number;
  readonly children: Children;
  /** The command of the load generator in C. */
  readonly load: readonly string[];
  readonly cores: Cores;
  /** Told of each step before it starts. */
  progress(text: string): void;
}

const START_LIMIT_MS = 20_000;
const FAILURE_LIMIT = 240; // characters of an error that a table shows
const BUSY = 0.9; // share of its core from which a process counts as the bottleneck

async function portOf(child: Child): Promise<number> {
  const timer = setTimeout(() => child.kill(), START_LIMIT_MS);
  try {
    const { value: line = "" } = await child.lines.next();
    const port = /:(\d+)\s*$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
    throw new Error(`Cannot start: it printed "${line}" ${child.errorText()}`.trim());
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Has one connection come, speak and go before anything is measured.
 *
 * Without it some servers are measured in a state that they leave for good at the first end of a
 * connection. CPython's asyncio is one: glibc maps its 256 KiB receive block anew for every message
 * until a block was freed whole, which makes its first connections four to five times slower.
 */
export async function prime(port: number, kind: Kind): Promise<void> {
  if (kind === "datagrams") return; // without connections there is none to come and go
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  const ca = new URL("../../examples/certificates/ca.crt", import.meta.url);
  using conn = kind === "tls"
    ? await Deno.startTls(plain, { hostname: "localhost", caCerts: [await Deno.readTextFile(ca)] })
    : plain;
  await conn.write(kind === "redis" ? new TextEncoder().encode("PING\r\n") : new Uint8Array(64));
  const buffer = new Uint8Array(64);
  await conn.read(buffer);
  if (kind === "tls") return;
  await conn.closeWrite();
  while (await conn.read(buffer) !== null); // until the server has ended it as well
}

/** A server in one scenario, and the process that it runs in. */
interface Entrant {
  readonly server: ReadyServer;
  readonly row: Row;
  running: { readonly child: Child; readonly port: number } | null;
}

async function start(plan: Plan, entrant: Entrant): Promise<{ child: Child; port: number }> {
  const child = plan.children.start(entrant.server.command, plan.cores.server);
  try {
    const port = await portOf(child);
    await prime(port, entrant.server.kind);
    return { child, port };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

async function stop(entrant: Entrant): Promise<void> {
  await entrant.running?.child[Symbol.asyncDispose]();
  entrant.running = null;
}

async function measureOnce(plan: Plan, scenario: Scenario, entrant: Entrant): Promise<Values> {
  const { children, cores, windowMs } = plan;
  const isWarm = entrant.running !== null;
  const { child, port } = entrant.running ??= await start(plan, entrant);
  const command = scenario.kind === "tls" ? TLS_LOAD : plan.load;
  const load: Measurement["load"] = async (settings, whileHeld) => {
    const target = { port, pids: await processTree(child.pid) };
    const result = await runLoad(children, command, cores.load, target, settings, whileHeld);
    const { loadCpuSeconds, serverCpuSeconds, seconds } = result;
    const isLimit = loadCpuSeconds / seconds > BUSY && serverCpuSeconds / seconds < BUSY;
    if (settings.mode !== "idle" && isLimit) entrant.row.note = "the load generator is the limit";
    return result;
  };
  try {
    return await scenario.measure({
      port,
      windowMs,
      isWarm,
      load,
      run: (program) => children.run(program, cores.load),
      serverCpu: async () => await cpuSecondsOf(await processTree(child.pid)),
      serverMemory: async () => await memoryOf(await processTree(child.pid)),
    });
  } catch (error) {
    // The server's own words explain more than its peer's view.
    if (error instanceof Error && child.errorText() !== "") {
      error.message += `; the server said: ${child.errorText()}`;
    }
    throw error;
  }
}

/** Measures a server once more; it runs on for the next round, unless a fresh one is needed. */
async function measure(plan: Plan, scenario: Scenario, entrant: Entrant): Promise<void> {
  const { row } = entrant;
  try {
    const values = await measureOnce(plan, scenario, entrant);
    for (const figure of scenario.figures) row.figures[figure]?.push(values[figure] ?? NaN);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = error.message.replaceAll(/\s+/g, " ").slice(0, FAILURE_LIMIT);
    row.failure = error instanceof WrongAnswerError ? `WRONG ANSWER: ${text}` : text;
  }
  if (scenario.needsFresh || row.failure !== null) await stop(entrant);
}

function enter(scenario: Scenario, server: ReadyServer): Entrant {
  const figures = Object.fromEntries(scenario.figures.map((figure) => [figure, []]));
  const { name, label, isOwn } = server;
  const names = { scenario: scenario.name, server: name, label, isOwn };
  return { server, row: { ...names, figures, note: null, failure: null }, running: null };
}

/**
 * Measures everything in the plan: a row for each server in each scenario. The servers of a
 * scenario run until its last round. A server that fails is not tried again in that scenario, and
 * its row says why.
 */
export async function runPlan(plan: Plan): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [index, scenario] of plan.scenarios.entries()) {
    const entrants = plan.servers.filter(({ kind }) => kind === scenario.kind)
      .map((server) => enter(scenario, server));
    rows.push(...entrants.map(({ row }) => row));
    for (let round = 0; round < plan.rounds; round++) {
      const place = `${scenario.name} (${index + 1} of ${plan.scenarios.length})`;
      plan.progress(`${place}, round ${round + 1} of ${plan.rounds}`);
      for (const entrant of entrants) {
        if (entrant.row.failure === null) await measure(plan, scenario, entrant);
      }
    }
    await Promise.all(entrants.map(stop));
  }
  return rows;
}
