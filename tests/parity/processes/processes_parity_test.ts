/**
 * Runs the process scenarios here and compares what was told and returned with what `record.py`
 * recorded on CPython's asyncio.
 *
 * A lane that is meant to differ is named in `differs`, with the row of `../differences.json` that
 * says why, and with
 * all that it has here.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { posixTest as test } from "../../support/runs/posix_test.ts";
import { assertTrace, isSameTrace } from "../compare.ts";
import type { Trace } from "../running/scenario.ts";
import { ProtocolRun } from "./protocol_run.ts";
import { RecordedTrace } from "./recorded_trace.ts";
import type { ProcessScenario } from "./process_scenario.ts";
import { StreamRun } from "./stream_run.ts";

interface Recording {
  readonly python: string;
  readonly implementation: string;
  readonly traces: Readonly<Record<string, Trace>>;
}

const read = (path: string): string => Deno.readTextFileSync(new URL(path, import.meta.url));
// Both files are written by hand or by record.py in this shape.
const scenarios = JSON.parse(read("scenarios.json")) as readonly ProcessScenario[];
const recording = JSON.parse(read("recorded.json")) as Recording;
const differences: Readonly<Record<string, unknown>> = JSON.parse(read("../differences.json"));

async function run(scenario: ProcessScenario): Promise<Trace> {
  const trace = new RecordedTrace();
  const run = scenario.face === "streams"
    ? new StreamRun(scenario, trace)
    : new ProtocolRun(scenario, trace);
  try {
    await run.start();
  } catch (error) {
    trace.note("process", `start threw ${error instanceof Error ? error.name : error}`);
    return trace.lanes(scenario.only);
  }
  try {
    for (const [action, ...rest] of scenario.steps) await run.perform(action, ...rest);
    return trace.lanes(scenario.only);
  } finally {
    await run.end();
  }
}

for (const scenario of scenarios) {
  test(`Parity: ${scenario.name}`, async () => {
    const recorded = recording.traces[scenario.name];
    assert(recorded !== undefined, "not recorded");
    const expected: Record<string, readonly string[]> = { ...recorded };
    for (const [lane, { row, here }] of Object.entries(scenario.differs ?? {})) {
      assert(Object.hasOwn(differences, row), `there is no row "${row}"`);
      assert(!isSameTrace(here, recorded[lane] ?? []), `lane ${lane} does not differ`);
      expected[lane] = here;
    }
    assertTrace(await run(scenario), expected);
  });
}

test("Parity: every recorded process scenario is one of ours, on CPython 3.13", () => {
  assertEquals(Object.keys(recording.traces), scenarios.map(({ name }) => name));
  assertEquals(recording.implementation, "CPython");
  assert(recording.python.startsWith("3.13."));
});
