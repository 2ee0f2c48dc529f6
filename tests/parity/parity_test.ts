import { assert, assertEquals } from "@std/assert";
import { networkOf } from "../../transports/networks/with_network.ts";
import { assertTrace, expectedTrace, isSameTrace, isWholeTraceSame } from "./compare.ts";
import { runScenario } from "./running/runner.ts";
import type { Scenario, Trace } from "./running/scenario.ts";

interface Recording {
  readonly python: string;
  readonly implementation: string;
  readonly system: string;
  readonly runs: number;
  readonly traces: Readonly<Record<string, Trace>>;
}

interface Row {
  readonly asyncio: string;
  readonly here: string;
  readonly why: string;
  readonly source: "design" | "proposed" | "bug";
}

interface OwnScenario {
  readonly differs?: Readonly<Record<string, { readonly row: string }>>;
}

const here = new URL(".", import.meta.url);
const themes = [...Deno.readDirSync(new URL("scenarios/", here))].map(({ name }) => name).sort();
const rows = readJson<Record<string, Row>>("differences.json");
const used = new Set<string>();

for (const theme of themes) {
  const { scenarios } = readJson<{ scenarios: Scenario[] }>(`scenarios/${theme}`);
  const recording = readJson<Recording>(`recorded/${theme}`);
  const label = theme.replace(".json", "");

  Deno.test(`parity: ${label} is recorded in full, with CPython 3.13`, () => {
    assertEquals(recording.implementation, "CPython");
    assert(recording.python.startsWith("3.13."), recording.python);
    assert(recording.runs >= 30, `${recording.runs} runs`);
    const names = scenarios.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length, "two scenarios have the same name");
    assertEquals(Object.keys(recording.traces).sort(), names.sort());
  });

  // Resets, socket files and the loopback network are the kernel's, and differ from system to
  // system.
  const ignore = recording.system.toLowerCase() !== Deno.build.os;
  if (ignore) console.log(`parity: ${label} skipped: recorded on ${recording.system}`);

  for (const scenario of scenarios) {
    if (scenario.differs) used.add(scenario.differs.row);
    Deno.test({ name: `parity: ${label}: ${scenario.name}`, ignore }, async () => {
      const recorded = recording.traces[scenario.name] ?? {};
      assertDifferenceIsOne(scenario, recorded);
      const actual = await runScenario(scenario);
      // With the sockets of the system themselves an end is asyncio's, as some come.
      const isAsAsyncio = networkOf({}).name === "epollNetwork" &&
        scenario.differs?.row === "end before reset" && isWholeTraceSame(actual, recorded);
      assertTrace(actual, isAsAsyncio ? recorded : expectedTrace(scenario, recorded));
    });
  }
}

// These have formats and tests of their own, and the same table of differences.
for (const folder of ["tls", "datagrams", "processes"]) {
  for (const { differs = {} } of readJson<OwnScenario[]>(`${folder}/scenarios.json`)) {
    for (const { row } of Object.values(differs)) used.add(row);
  }
}

Deno.test("parity: every difference is explained, and every explained difference occurs", () => {
  assertEquals([...used].sort(), Object.keys(rows).sort());
  for (const { asyncio, here, why, source } of Object.values(rows)) {
    assert(asyncio && here && why, "an explanation has a gap");
    assert(["design", "proposed", "bug"].includes(source), source);
  }
});

/** A named difference must differ in each lane that it names. */
function assertDifferenceIsOne(scenario: Scenario, recorded: Trace): void {
  if (scenario.differs === undefined) return;
  const { row, trace } = scenario.differs;
  assert(Object.keys(trace).length > 0, `"${row}" shows in no lane`);
  for (const [lane, lines] of Object.entries(trace)) {
    assert(
      !isSameTrace(lines, recorded[lane] ?? []),
      `${lane} does not differ from asyncio: "${row}" is not needed`,
    );
  }
}

/** Reads a file of this folder, whose shape is taken at its word. */
function readJson<T>(path: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(path, here)));
}
