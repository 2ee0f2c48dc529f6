/** Runs the plan: scenario by scenario, in rounds over the servers (A, B, C, A, B, C …). */

import type { Children } from "./children.ts";
import { type LoadArguments, type LoadGenerator, WrongAnswerError } from "./load_generator.ts";
import { pinned, type Placement } from "./placement.ts";
import { cpuSecondsOf, memoryOf, processTree } from "./process_usage.ts";
import type { Row } from "./report.ts";
import { RunningServer } from "./running_server.ts";
import type { Measurement, Point, Scenario, Values } from "./scenario.ts";

/** A server with the commands that start it. */
export interface ReadyServer {
  /** Its name. */
  readonly name: string;
  /** Its name in tables. */
  readonly label: string;
  /** Whether it is ours. */
  readonly own: boolean;
  /** The command for each role that it plays. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
}

/** What to measure, with what. */
export interface Plan {
  /** The scenarios. */
  readonly scenarios: readonly Scenario[];
  /** The servers, in the order of a round. */
  readonly servers: readonly ReadyServer[];
  /** How many rounds. */
  readonly rounds: number;
  /** Whether time is short. */
  readonly quick: boolean;
  /** Length of a measured window, in milliseconds. */
  readonly windowMs: number;
  /** Length of the warm-up before it, in milliseconds. */
  readonly warmupMs: number;
  /** When to start nothing more, by `performance.now()`. */
  readonly deadline: number;
  /** The processes. */
  readonly children: Children;
  /** The load generator. */
  readonly load: LoadGenerator;
  /** The cores. */
  readonly placement: Placement;
  /** Told of each step before it starts: how many are done, of how many, and what comes. */
  progress(done: number, total: number, text: string): void;
}

const FAILURE_LIMIT = 240; // characters of an error that a table shows
const BUSY = 0.9; // share of its core from which a process counts as the bottleneck

interface Step {
  readonly scenario: Scenario;
  readonly point: Point;
  readonly server: ReadyServer;
  readonly command: readonly string[];
  readonly row: Row;
  readonly round: number;
}

function stepsOf(plan: Plan): Step[] {
  return plan.scenarios.flatMap((scenario) =>
    scenario.points(plan.quick).flatMap((point) => {
      const candidates = plan.servers.flatMap((server) => {
        const command = server.commands.get(scenario.role);
        if (command === undefined) return [];
        const { name, label, own } = server;
        const figures = Object.fromEntries(
          scenario.figures.map((
            { key },
          ) => [key, new Array<number | null>(plan.rounds).fill(null)]),
        );
        const place = { scenario: scenario.name, point: point.label, value: point.value };
        const base = scenario.base === undefined ? {} : { base: scenario.base };
        const of = { server: name, label, own, ...base };
        const row: Row = { ...place, ...of, figures, notes: [], failure: null };
        return [{ scenario, point, server, command, row }];
      });
      return Array.from({ length: plan.rounds }, (_, round) => round)
        .flatMap((round) => candidates.map((one) => ({ ...one, round })));
    })
  );
}

function noteOnce(row: Row, text: string): void {
  if (!row.notes.includes(text)) row.notes.push(text);
}

async function measure(plan: Plan, step: Step): Promise<Values> {
  const { scenario, point, row } = step;
  const { loadCore, serverCore } = plan.placement;
  // One core for both: the server moves to the load generator's.
  const core = scenario.sameCore === true ? loadCore : serverCore;
  await using server = await RunningServer.start(plan.children, step.command, core);
  const apart = core !== loadCore;
  const load = async (
    settings: LoadArguments,
    whileHeld?: (bytes: number) => Promise<void>,
  ) => {
    const tls = scenario.role === "tls";
    const result = await plan.load.run(server.port, server.pid, { ...settings, tls }, whileHeld);
    if (settings.mode === "idle" || settings.mode === "flood") return result; // nobody is in a hurry
    const loadShare = (result.loadCpuSeconds ?? 0) / result.seconds;
    const serverShare = (result.serverCpuSeconds ?? 0) / result.seconds;
    if (apart && loadShare > BUSY && serverShare < BUSY) {
      noteOnce(row, "load generator is the limit");
    }
    return result;
  };
  const measurement: Measurement = {
    port: server.port,
    quick: plan.quick,
    windowMs: plan.windowMs,
    warmupMs: plan.warmupMs,
    load,
    run: async (command) => await outputOf(plan.children, pinned(loadCore, command)),
    serverCpu: async () => await cpuSecondsOf(await processTree(server.pid)),
    serverMemory: async () => await memoryOf(await processTree(server.pid)),
    note: (text) => noteOnce(row, text),
  };
  try {
    return await scenario.measure(measurement, point);
  } catch (error) {
    if (!(error instanceof Error) || server.complaint === "") throw error;
    // What the server itself said explains more than what its peer saw.
    error.message += `; the server said: ${server.complaint}`;
    throw error;
  }
}

async function outputOf(children: Children, command: readonly string[]): Promise<string> {
  const { code, output, error } = await children.run(command);
  if (code === 0) return output;
  throw new Error(`Cannot run ${command.join(" ")}: it ended with code ${code} ${error}`.trim());
}

async function perform(plan: Plan, step: Step): Promise<void> {
  const { row, round } = step;
  try {
    const values = await measure(plan, step);
    for (const [key, value] of Object.entries(values)) {
      const rounds = row.figures[key];
      if (rounds !== undefined && Number.isFinite(value)) rounds[round] = value;
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = error.message.replaceAll(/\s+/g, " ").slice(0, FAILURE_LIMIT);
    row.failure = error instanceof WrongAnswerError ? `WRONG ANSWER: ${text}` : text;
  }
}

/**
 * Measures everything in the plan.
 *
 * @param plan What, with what.
 * @returns A row for each server in each setting of each scenario. A server that fails is not
 * tried again in that setting, and its row says why; one that time did not suffice for says so.
 */
export async function runPlan(plan: Plan): Promise<Row[]> {
  const steps = stepsOf(plan);
  for (const [done, step] of steps.entries()) {
    const { scenario, point, server, row, round } = step;
    const setting = point.label === "" ? scenario.name : `${scenario.name} (${point.label})`;
    const turn = `${setting}, round ${round + 1} of ${plan.rounds}`;
    plan.progress(done, steps.length, `${turn}: ${server.label}`);
    if (row.failure !== null) continue;
    if (performance.now() > plan.deadline) {
      noteOnce(row, "left out: the time was up");
      continue;
    }
    await perform(plan, step);
  }
  plan.progress(steps.length, steps.length, "done");
  return [...new Set(steps.map((step) => step.row))];
}

/**
 * Tells what must make the run fail: a wrong answer of anyone, or any failure of one of ours.
 *
 * @param rows What was measured.
 * @returns One line for each.
 */
export function failuresOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ scenario, point, label, own, failure }) =>
    failure !== null && (own || failure.startsWith("WRONG ANSWER"))
      ? [`${label} in ${scenario}${point === "" ? "" : ` (${point})`}: ${failure}`]
      : []
  );
}
