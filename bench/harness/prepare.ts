/** From what the user asked for and what is installed to what will be measured. */

import type { Children } from "./children.ts";
import type { LeftOut } from "./report.ts";
import type { ReadyServer } from "./run.ts";
import { findRuntimes, type RuntimeState, serverCommand } from "./runtimes.ts";
import type { Point, Role, Scenario } from "./scenario.ts";
import { BASE_SERVER, CONTROL_SERVER, isOwn } from "./server_program.ts";
import type { Runtime, ServerProgram } from "./server_program.ts";

/** The servers that can be measured, and those that cannot. */
export interface Prepared {
  /** Ready to start, the raw loop first. */
  readonly servers: readonly ReadyServer[];
  /** Not installed. */
  readonly leftOut: readonly LeftOut[];
  /** The versions of all that take part. */
  readonly versions: readonly string[];
  /** The C compiler, if there is one. */
  readonly compiler: RuntimeState;
}

const ROLES: readonly Role[] = ["echo", "lines", "zlib", "codecs", "redis", "tls"];
const SPARE_FILES = 100; // that a process has open beside its connections

/**
 * Asks how many files a process may open.
 *
 * @param children Runs the shell that tells.
 * @returns The hard limit, `Infinity` where there is none.
 */
export async function mostOpenFiles(children: Children): Promise<number> {
  if (Deno.build.os === "windows") return Infinity;
  const { output } = await children.run(["/bin/sh", "-c", "ulimit -H -n"]);
  const limit = Number(output);
  return Number.isInteger(limit) ? limit : Infinity; // "unlimited"
}

/**
 * Takes out of scenarios the settings with more connections than the system allows.
 *
 * @param scenarios The scenarios.
 * @param quick Whether time is short.
 * @param mostFiles How many files a process may open.
 * @returns The scenarios with what is left of their settings, and what was taken out.
 */
export function fitScenarios(
  scenarios: readonly Scenario[],
  quick: boolean,
  mostFiles: number,
): { scenarios: readonly Scenario[]; leftOut: readonly LeftOut[] } {
  const leftOut: LeftOut[] = [];
  const fitting = scenarios.map((scenario): Scenario => {
    const fits = ({ connections = 0 }: Point) => connections + SPARE_FILES <= mostFiles;
    const all = scenario.points(quick);
    for (const { label } of all.filter((point) => !fits(point))) {
      const reason = `a process may open ${mostFiles} files only`;
      leftOut.push({ name: `${scenario.name} (${label})`, reason });
    }
    const points = all.filter(fits);
    return { ...scenario, points: () => points };
  });
  return { scenarios: fitting, leftOut };
}

/**
 * Takes out the scenarios whose base is not installed: nothing can be compared with it.
 *
 * @param scenarios The scenarios.
 * @param servers The servers that can be measured.
 * @returns The scenarios that are left, and what was taken out.
 */
export function withBase(
  scenarios: readonly Scenario[],
  servers: readonly ReadyServer[],
): { scenarios: readonly Scenario[]; leftOut: readonly LeftOut[] } {
  const isThere = ({ base }: Scenario) =>
    base === undefined || servers.some(({ name }) => name === base);
  const leftOut = scenarios.filter((one) => !isThere(one))
    .map(({ name, base }) => ({ name, reason: `${base} is not there to compare with` }));
  return { scenarios: scenarios.filter(isThere), leftOut };
}

async function ready(
  children: Children,
  server: ServerProgram,
  runtime: Extract<RuntimeState, { command: readonly string[] }>,
  folder: string,
): Promise<ReadyServer> {
  const commands = new Map<Role, readonly string[]>();
  for (const role of ROLES) {
    const program = server.roles[role];
    if (program === undefined) continue;
    commands.set(role, await serverCommand(children, runtime, program, folder));
  }
  return { name: server.name, label: server.label, own: isOwn(server), commands };
}

/**
 * Finds the runtimes and makes the commands.
 *
 * @param children Starts the processes.
 * @param wanted The servers to measure.
 * @param control Whether the raw loop runs a second time in every round.
 * @param folder A folder for what has to be compiled.
 * @returns What can be measured.
 */
export async function prepareServers(
  children: Children,
  wanted: readonly ServerProgram[],
  control: boolean,
  folder: string,
): Promise<Prepared> {
  const runtimes = await findRuntimes(children);
  const servers: ReadyServer[] = [];
  const leftOut: LeftOut[] = [];
  const used = new Set<Runtime>();
  for (const server of wanted) {
    const runtime = runtimes[server.runtime];
    if ("missing" in runtime) {
      leftOut.push({ name: server.label, reason: runtime.missing });
      continue;
    }
    used.add(server.runtime);
    servers.push(await ready(children, server, runtime, folder));
  }
  const base = servers.find(({ name }) => name === BASE_SERVER);
  if (control && base !== undefined) {
    servers.push({ ...base, name: CONTROL_SERVER, label: `${base.label}, again` });
  }
  const versions = [...used].flatMap((name) => {
    const runtime = runtimes[name];
    return "version" in runtime ? [runtime.version] : [];
  });
  return { servers, leftOut, versions, compiler: runtimes.cc };
}
