import { assert, assertEquals, assertMatch } from "@std/assert";

import { listSteps, runSteps, type Step } from "../../tools/ok.ts";

const ROOT = new URL("../../", import.meta.url);

function step(name: string, code: string): Step {
  return { name, args: ["eval", code] };
}

/** The output of the steps, and which of them failed. */
async function run(...steps: Step[]): Promise<{ failed: string | undefined; lines: string[] }> {
  const lines: string[] = [];
  const failed = await runSteps(steps, ROOT, (line) => lines.push(line));
  return { failed, lines };
}

Deno.test("listSteps() lints the docs of every entry point", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const docs = (await listSteps(ROOT)).find((step) => step.name === "docs");
  assertEquals(docs?.args, ["doc", "--lint", ...Object.values<string>(exports)]);
});

Deno.test("listSteps() asks for a coverage of the published folders alone", async () => {
  const coverage = (await listSteps(ROOT)).find((step) => step.name === "coverage");
  const pattern = new RegExp(coverage?.args.at(-1)?.replace("--include=", "") ?? "");
  assert(pattern.test(new URL("streams/reading/stream_reader.ts", ROOT).href));
  assert(!pattern.test(new URL("tests/streams/reading/stream_reader_test.ts", ROOT).href));
  assert(!pattern.test(new URL("tools/ok.ts", ROOT).href));
});

Deno.test("listSteps() records the coverage of files that exist", async () => {
  const record = (await listSteps(ROOT)).find((step) => step.name === "record");
  const paths = record?.args.join(" ").match(/tests\/[^\s,]+/g) ?? [];
  assert(paths.length > 2);
  for (const path of paths) assert(await Deno.stat(new URL(path, ROOT)), path);
});

Deno.test("runSteps() runs all and says how long each took", async () => {
  const { failed, lines } = await run(step("one", "console.log(1)"), step("two", ""));
  assertEquals(failed, undefined);
  assertEquals(lines.length, 2);
  assertMatch(lines[0] ?? "", /^one ok \(\d+\.\d s\)$/);
  assertMatch(lines[1] ?? "", /^two ok \(\d+\.\d s\)$/);
});

Deno.test("runSteps() stops at the first failure and shows its output", async () => {
  const broken = step("two", "console.log('out'); console.error('err'); Deno.exit(3)");
  const { failed, lines } = await run(step("one", ""), broken, step("three", ""));
  assertEquals(failed, "two");
  assertEquals(lines.slice(1, 3), ["out", "err"]);
  assertMatch(lines[3] ?? "", /^two failed after \d+\.\d s: deno eval /);
  assertEquals(lines.length, 4);
});

Deno.test("deno task ok refuses to skip a step that does not exist", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/ok.ts", "--skip=tests"],
    cwd: ROOT,
  }).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /Cannot skip "tests": the steps are format,/);
});
