/**
 * The benchmark: this library side by side with what a user would pick instead.
 *
 * `deno task bench --help` lists the options; bench/README.md tells how it measures.
 */

import { parseArgs } from "node:util";
import { Children } from "./harness/children.ts";
import { compile, compileLoad } from "./harness/load_generator.ts";
import { type Plan, type ReadyServer, runPlan } from "./harness/measure.ts";
import { drawOverview } from "./harness/overview_picture.ts";
import { watchMachine } from "./harness/process_usage.ts";
import { CONTROL, failuresOf } from "./harness/rows.ts";
import { chooseCores, findRuntimes } from "./harness/runtimes.ts";
import { formatOverview, formatTable } from "./harness/tables.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type Kind, SERVERS } from "./servers.ts";

const HELP = `Compares this library with what a user would pick instead.

deno task bench [options]

  --only NAMES      measure these servers, separated by commas; NAME* takes all that begin so; the
                    server that ratios are taken to always runs too; a wrong name prints the names
  --scenario NAMES  measure these scenarios, likewise
  --rounds N        rounds of every server in every scenario (3; with --quick 1)
  --window MS       length of a measured window (300; with --quick 150)
  --quick           the scenarios that say most, once and briefly
  --json FILE       write every measurement to FILE as well
  --write           put the picture and the table of this run into bench/

Environment: PYTHON names the Python to use first.
Exit status: 0 all is well, 1 a server answered wrongly or ours failed, 2 bad options.`;

const OPTIONS = {
  only: { type: "string" },
  scenario: { type: "string" },
  rounds: { type: "string" },
  window: { type: "string" },
  json: { type: "string" },
  quick: { type: "boolean" },
  write: { type: "boolean" },
  help: { type: "boolean" },
} as const;
const FIGURES = /(?<=<!-- figures -->\n).*?(?=<!-- end -->)/s;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function choose<T extends { readonly name: string }>(all: readonly T[], wanted: string): T[] {
  const chosen = wanted.split(",").flatMap((name) => {
    const hits = all.filter((one) =>
      name.endsWith("*") ? one.name.startsWith(name.slice(0, -1)) : one.name === name
    );
    if (hits.length > 0) return hits;
    const known = all.map((one) => one.name).join(", ");
    throw new TypeError(`Cannot choose "${name}": the names are ${known}`);
  });
  return all.filter((one) => chosen.includes(one));
}

function readCount(text: string | undefined, name: string, fallback: number): number {
  const value = Number(text ?? fallback);
  if (Number.isInteger(value) && value >= 1 && value <= 60_000) return value;
  throw new RangeError(`Cannot read --${name}: value is ${text}, expected 1 to 60000`);
}

/** Makes the commands of the servers whose runtime is there, the base of each kind twice. */
async function prepare(
  children: Children,
  runtimes: Awaited<ReturnType<typeof findRuntimes>>,
  wanted: typeof SERVERS,
  folder: string,
): Promise<ReadyServer[]> {
  const ready: ReadyServer[] = [];
  for (const { name, label, runtime, kind, program: [file = "", ...args] } of wanted) {
    const state = runtimes[runtime];
    if ("missing" in state) {
      console.log(`Left out: ${label}: ${state.missing}`);
      continue;
    }
    const path = new URL(`servers/${file}`, import.meta.url).pathname;
    const binary = `${folder}/${name}`;
    if (runtime === "cc") await compile(children, state.command, [path], binary);
    const command = runtime === "cc" ? [binary] : [...state.command, path, ...args];
    ready.push({ name, label, kind, isOwn: runtime.startsWith("sluice"), command });
  }
  const bases = ready.filter((one) => one === ready.find(({ kind }) => kind === one.kind));
  return [...ready, ...bases.map((one) => ({ ...one, name: `${one.name}-${CONTROL}` }))];
}

async function describeMachine(): Promise<string> {
  const info = await Deno.readTextFile("/proc/cpuinfo");
  const processor = /^model name\s*:\s*(.+)$/m.exec(info)?.[1] ?? Deno.build.arch;
  const guest = /^flags\s*:.*\bhypervisor\b/m.test(info) ? ", virtual machine" : "";
  return `${processor}, ${navigator.hardwareConcurrency} cores, Linux ${Deno.osRelease()}${guest}`;
}

async function writeResults(picture: string, markdown: string): Promise<void> {
  const page = new URL("README.md", import.meta.url);
  const text = await Deno.readTextFile(page);
  await Deno.writeTextFile(page, text.replace(FIGURES, () => `\n${markdown}\n`));
  await Deno.writeTextFile(new URL("pictures/overview.svg", import.meta.url), picture);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}

async function bench(options: Options, children: Children, folder: string): Promise<number> {
  const { quick = false, only = "*", scenario, write = false } = options;
  const chosen = scenario === undefined
    ? SCENARIOS.filter(({ isQuick }) => isQuick || !quick)
    : choose(SCENARIOS, scenario);
  const baseOf = (kind: Kind) => SERVERS.find((one) => one.kind === kind)?.name;
  const kinds = new Set(chosen.map(({ kind }) => kind));
  const picked = [...choose(SERVERS, only).map(({ name }) => name), ...[...kinds].map(baseOf)];
  const wanted = SERVERS.filter(({ name, kind }) => kinds.has(kind) && picked.includes(name));
  const rounds = readCount(options.rounds, "rounds", quick ? 1 : 3);
  const windowMs = readCount(options.window, "window", quick ? 150 : 300);
  const runtimes = await findRuntimes(children);
  if ("missing" in runtimes.cc) throw new TypeError("Cannot measure: a C compiler is needed");
  const load = await compileLoad(children, runtimes.cc.command, folder);
  const cores = await chooseCores(children);
  const servers = await prepare(children, runtimes, wanted, folder);
  const scenarios = chosen.filter(({ kind }) => servers.some(({ name }) => name === baseOf(kind)));
  const used = new Set(wanted.map(({ runtime }) => runtimes[runtime]));
  const versions = [...used].flatMap((one) => "version" in one ? [one.version] : []).join(", ");
  const pinned = cores.server === null
    ? "not pinned: taskset is not installed"
    : `server on core ${cores.server}, load generator on core ${cores.load}`;
  const head = [
    `Machine: ${await describeMachine()}`,
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Versions: ${versions}`,
    `Measured: ${rounds} rounds of ${windowMs} ms; ${pinned}`,
  ];
  console.log(head.join("\n") + "\n");
  const progress = (text: string) => console.error(`... ${text}`);
  const plan: Plan = { scenarios, servers, rounds, windowMs, children, load, cores, progress };
  const endWatch = await watchMachine();
  const rows = await runPlan(plan);
  const meanwhile = `Meanwhile ${await endWatch()}.`;
  for (const one of scenarios) {
    console.log(formatTable(rows.filter((row) => row.scenario === one.name), one));
  }
  console.log(meanwhile);
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, JSON.stringify({ head, meanwhile, rows }, null, 1));
  }
  if (write) {
    const facts = [...head, meanwhile].map((line) => `- ${line}\n`).join("");
    const picture = drawOverview(rows, scenarios, `${head[1]}. ${head[3]}. ${meanwhile}`);
    await writeResults(picture, `${facts}\n${formatOverview(rows, scenarios)}`);
  }
  const failures = failuresOf(rows);
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  return failures.length > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ args: Deno.args, options: OPTIONS });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (Deno.build.os !== "linux") throw new TypeError("Cannot measure: this needs Linux");
  const children = new Children();
  const folder = await Deno.makeTempDir({ prefix: "sluice_bench_" });
  const tidy = () => {
    children.killAll();
    Deno.removeSync(folder, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      tidy();
      Deno.exit(130);
    });
  }
  try {
    return await bench(values, children, folder);
  } finally {
    tidy();
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
