/**
 * The benchmark: this library side by side with what a user would pick instead.
 *
 * `deno task bench --help` lists the options; bench/README.md tells what each figure means and how
 * to add a server or a scenario.
 */

import { compareReports, formatComparison, poolRows, worseOnes } from "./harness/check.ts";
import type { Verdict } from "./harness/check.ts";
import { Children } from "./harness/children.ts";
import { disturbanceText, DisturbanceWatch } from "./harness/disturbance.ts";
import { LoadGenerator } from "./harness/load_generator.ts";
import { describeMachine } from "./harness/machine.ts";
import { type BenchOptions, HELP, parseOptions } from "./harness/options.ts";
import { choosePlacement } from "./harness/placement.ts";
import { fitScenarios, mostOpenFiles, prepareServers, withBase } from "./harness/prepare.ts";
import { Progress } from "./harness/progress.ts";
import { formatReport, parseReport, type Report, REPORT_FORMAT } from "./harness/report.ts";
import { failuresOf, type Plan, runPlan } from "./harness/run.ts";
import { BASE_SERVER, CONTROL_SERVER, isOwn } from "./harness/server_program.ts";
import { formatHead, formatTables } from "./harness/table.ts";
import { drawPictures } from "./drawing/draw_pictures.ts";
import { SCENARIOS } from "./scenarios/catalogue.ts";
import { SERVERS } from "./servers/catalogue.ts";

const BASELINE = decodeURIComponent(new URL("baseline.json", import.meta.url).pathname);
const PICTURES = new URL("pictures/", import.meta.url);
const QUICK_LIMIT_MS = 50_000; // nothing new starts after it: what is under way ends within a minute

const encoder = new TextEncoder();

async function print(stream: typeof Deno.stdout, text: string): Promise<void> {
  const writer = stream.writable.getWriter();
  try {
    await writer.write(encoder.encode(text));
  } finally {
    writer.releaseLock();
  }
}

function chosenServers(options: BenchOptions, scenarios: typeof SCENARIOS): typeof SERVERS {
  const bases = basesOf(scenarios);
  const playing = SERVERS.filter(({ roles }) => scenarios.some(({ role }) => role in roles));
  if (options.only.length > 0) {
    return playing.filter(({ name }) => bases.includes(name) || options.only.includes(name));
  }
  if (options.check) return playing.filter((one) => bases.includes(one.name) || isOwn(one));
  return playing;
}

function basesOf(scenarios: typeof SCENARIOS): string[] {
  return scenarios.map(({ base }) => base ?? BASE_SERVER);
}

function chosenScenarios(options: BenchOptions): typeof SCENARIOS {
  const { only, quick, scenarios } = options;
  const isWanted = (one: typeof SCENARIOS[number]) =>
    scenarios.length > 0 ? scenarios.includes(one.name) : one.quick || !quick;
  // The raw loop always runs; another base only beside something to compare with it.
  const hasServer = ({ base, role }: typeof SCENARIOS[number]) =>
    base === undefined || only.length === 0 ||
    SERVERS.some(({ name, roles }) => role in roles && only.includes(name));
  return SCENARIOS.filter((one) => isWanted(one) && hasServer(one));
}

async function readBaseline(path: string): Promise<Report> {
  try {
    const baseline = parseReport(await Deno.readTextFile(path));
    if (baseline.settings.rounds >= 3) return baseline;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TypeError(
      `Cannot check: ${path} does not exist; ` +
        "make it with: deno task bench --rounds 5 --json bench/baseline.json",
    );
  }
  throw new TypeError(`Cannot check: ${path} is of fewer than 3 rounds, which show no noise`);
}

/** Measures what looks worse once more, so that one unlucky moment does not fail a run. */
async function check(baseline: Report, plan: Plan, rows: Report["rows"]): Promise<Verdict> {
  const first = compareReports(baseline, rows, plan.scenarios);
  const suspects = worseOnes(first.comparisons);
  if (suspects.length === 0) return first;
  const names = suspects.map(({ row }) => row.server);
  const bases = basesOf(plan.scenarios);
  const again = await runPlan({
    ...plan,
    scenarios: plan.scenarios.filter(({ name }) =>
      suspects.some(({ row }) => row.scenario === name)
    ),
    servers: plan.servers.filter(({ name }) =>
      bases.includes(name) || name === CONTROL_SERVER || names.includes(name)
    ),
  });
  const pooled = poolRows(rows, again);
  const kept = rows.filter((row) =>
    !pooled.some((one) =>
      one.server === row.server && one.scenario === row.scenario && one.point === row.point
    )
  );
  return compareReports(baseline, [...kept, ...pooled], plan.scenarios);
}

function describeVerdict({ comparisons, missing }: Verdict): string {
  const worse = worseOnes(comparisons);
  const lines = [
    `Check: ${comparisons.length} ratios compared, ${worse.length} worse beyond the noise, ` +
    `${missing.length} not measured`,
    ...worse.map((one) => `  WORSE  ${formatComparison(one)}`),
    ...comparisons.filter((one) => !worse.includes(one)).map((one) =>
      `         ${formatComparison(one)}`
    ),
    ...missing.map((one) => `  MISSING ${one}`),
  ];
  return lines.join("\n") + "\n";
}

async function writePictures(report: Report): Promise<string> {
  await Deno.mkdir(PICTURES, { recursive: true });
  const pictures = drawPictures(report, SCENARIOS);
  for (const [name, svg] of pictures) await Deno.writeTextFile(new URL(name, PICTURES), svg);
  return `Pictures: ${[...pictures.keys()].map((name) => `bench/pictures/${name}`).join(", ")}\n`;
}

async function bench(options: BenchOptions, children: Children, folder: string): Promise<number> {
  const began = performance.now();
  const date = new Date().toISOString();
  const baseline = options.check ? await readBaseline(options.baseline ?? BASELINE) : null;
  const out = options.json === "-" ? Deno.stderr : Deno.stdout;
  const placement = await choosePlacement(children);
  const chosen = chosenScenarios(options);
  const wanted = chosenServers(options, chosen);
  const prepared = await prepareServers(children, wanted, !options.quick, folder);
  const load = await LoadGenerator.prepare(
    children,
    prepared.compiler,
    placement,
    folder,
    options.load,
  );
  const { rounds, windowMs, warmupMs, quick } = options;
  const settings = { rounds, windowMs, warmupMs, load: load.kind, placement: placement.text };
  const { versions, servers } = prepared;
  const comparable = withBase(chosen, servers);
  const fit = fitScenarios(comparable.scenarios, quick, await mostOpenFiles(children));
  const { scenarios } = fit;
  const leftOut = [...prepared.leftOut, ...comparable.leftOut, ...fit.leftOut];
  const machine = await describeMachine();
  const head = { format: REPORT_FORMAT, date, machine, versions, settings, leftOut };
  await print(out, formatHead(head) + "\n");

  const progress = new Progress();
  const plan: Plan = {
    scenarios,
    servers,
    rounds,
    quick,
    windowMs,
    warmupMs,
    deadline: quick ? began + QUICK_LIMIT_MS : Infinity,
    children,
    load,
    placement,
    progress: (done, total, text) => progress.show(done, total, text),
  };
  const watch = await DisturbanceWatch.begin();
  const rows = await runPlan(plan);
  const report: Report = { ...head, disturbance: await watch.end(), rows };
  await print(out, formatTables(rows, scenarios));
  await print(out, `Meanwhile ${disturbanceText(report.disturbance)}.\n`);
  if (options.json === "-") await print(Deno.stdout, formatReport(report));
  else if (options.json !== null) await Deno.writeTextFile(options.json, formatReport(report));
  if (options.pictures) await print(out, await writePictures(report));

  const failures = failuresOf(rows);
  for (const failure of failures) await print(Deno.stderr, `FAILED: ${failure}\n`);
  if (baseline === null) return failures.length > 0 ? 1 : 0;
  const verdict = await check(baseline, plan, rows);
  await print(out, describeVerdict(verdict));
  if (verdict.comparisons.length === 0) {
    await print(Deno.stderr, "Cannot check: the baseline and this run share no ratio of ours\n");
    return 1;
  }
  return failures.length + worseOnes(verdict.comparisons).length + verdict.missing.length > 0
    ? 1
    : 0;
}

async function main(): Promise<number> {
  const known = {
    servers: SERVERS.map(({ name }) => name),
    scenarios: SCENARIOS.map(({ name }) => name),
  };
  const options = parseOptions(Deno.args, known);
  if (options.help) {
    await print(Deno.stdout, `${HELP}\n`);
    return 0;
  }
  if (options.list) {
    const titles = SCENARIOS.map(({ name, title }) => `  ${name.padEnd(24)}${title}`);
    const labels = SERVERS.map(({ name, label }) => `  ${name.padEnd(24)}${label}`);
    await print(
      Deno.stdout,
      `Servers:\n${labels.join("\n")}\nScenarios:\n${titles.join("\n")}\n`,
    );
    return 0;
  }
  const children = new Children();
  const folder = await Deno.makeTempDir({ prefix: "sluice_bench_" });
  const leave = () => {
    children.killAll();
    Deno.removeSync(folder, { recursive: true });
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", leave);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", leave);
  try {
    return await bench(options, children, folder);
  } finally {
    children.killAll();
    await Deno.remove(folder, { recursive: true });
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  await print(Deno.stderr, `${error.message}\n`);
  Deno.exit(2);
}
