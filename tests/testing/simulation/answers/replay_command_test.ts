import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { simulate, SimulationError } from "@sluice/net/testing";

const FILE = "tests/testing/simulation/answers/failing_runs.ts";
const ROOT = new URL("../../../../", import.meta.url);

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function run(program: string, args: string[], env: Record<string, string>): Promise<Outcome> {
  const { code, stdout } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stderr: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout) };
}

const failures = await run(Deno.execPath(), ["test", "-A", "--no-check", FILE], {});

/** The commands that the report of a test names. */
function commandsOf(name: string): string[] {
  const start = failures.output.indexOf(`\n${name} => `);
  assert(start !== -1, name);
  const end = failures.output.indexOf("\n\n", failures.output.indexOf("Repeat it:", start));
  return [...failures.output.slice(start, end).matchAll(/^ {4}(SLUICE_SEED.*)$/gm)]
    .map(([, command = ""]) => command);
}

Deno.test("SimulationError names the command that repeats the test, by its name and file", () => {
  assertEquals(commandsOf('A run that\'s "unlucky"'), [
    `SLUICE_SEED=77 deno test -A ${FILE} --filter 'A run that'\\''s "unlucky"'`,
  ]);
  assertEquals(commandsOf("Another one"), [
    `SLUICE_SEED=1 deno test -A ${FILE} --filter 'Another one'`,
  ]);
  assertEquals(commandsOf("With steps ... inner"), [
    `SLUICE_SEED=4 deno test -A ${FILE} --filter 'With steps'`,
  ]);
});

Deno.test("SimulationError names no test when its name is in doubt", () => {
  assertEquals(commandsOf("In a loop: two"), [`SLUICE_SEED=2 deno test -A ${FILE}`]);
  assertEquals(commandsOf("By a helper"), [`SLUICE_SEED=3 deno test -A ${FILE}`]);
});

Deno.test({
  name: "The command of a SimulationError repeats the run",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const [command = ""] = commandsOf('A run that\'s "unlucky"');
    // The same Deno, wherever it is.
    const line = command.replace(" deno ", ` "${Deno.execPath()}" `).replace(
      " -A ",
      " -A --no-check ",
    );
    const { code, output } = await run("sh", ["-c", line], {});
    assertEquals(code, 1);
    const drawn = /seed 77, at [\d.]+ ms: host "main" failed: drew [\d.]+/;
    assertStringIncludes(output, drawn.exec(failures.output)?.[0] ?? "nothing");
    assertStringIncludes(output, "0 passed | 1 failed");
  },
});

Deno.test({
  name: "The command of explore() makes one run, the one that was reported",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const [command = ""] = commandsOf("A search");
    assertMatch(command, /^SLUICE_SEED=\d+ SLUICE_OPTIONS='\{"chaos":false,"faults":\[/);
    const line = command.replace(" deno ", ` "${Deno.execPath()}" `)
      .replace(" -A ", " -A --no-check ");
    const { code, output } = await run("sh", ["-c", line], {});
    assertEquals(code, 1);
    assertStringIncludes(output, "made 1 runs");
    const failed = /Cannot finish (run with seed \d+, at .*: host "client" failed: .*)\n/;
    const start = failures.output.indexOf("\nA search => ");
    const [, reported = "nothing"] = failed.exec(failures.output.substring(start)) ?? [];
    assertStringIncludes(output, reported);
    // It prints the command that it was given, so it repeats itself as well.
    assertStringIncludes(output, command);
  },
});

Deno.test("SLUICE_SEED and SLUICE_OPTIONS go before the options of the program", async () => {
  const args = ["test", "-A", "--no-check", FILE, "--filter", "Another one"];
  const changed = await run(Deno.execPath(), args, {
    SLUICE_SEED: "5",
    SLUICE_OPTIONS: '{"maxVirtualTime":1}',
  });
  assertStringIncludes(changed.output, "run with seed 5, at 0 ms: its time is up after 1 ms");
  assertMatch(changed.output, /SLUICE_SEED=5 SLUICE_OPTIONS='\{"maxVirtualTime":1\}' deno test -A/);
  const wrong = await run(Deno.execPath(), args, { SLUICE_SEED: "-5" });
  assertStringIncludes(wrong.output, 'SLUICE_SEED is "-5", which is no whole number');
  const strange = await run(Deno.execPath(), args, { SLUICE_OPTIONS: '{"sead":1}' });
  assertStringIncludes(strange.output, 'did you mean "seed"');
});

Deno.test("simulate() asks for no permission to read the environment", async () => {
  const { code, output } = await run(
    Deno.execPath(),
    ["test", "--no-check", FILE, "--filter", "Another one"],
    { SLUICE_SEED: "5" },
  );
  assertEquals(code, 1);
  assertStringIncludes(output, "run with seed 1, at");
  assertMatch(output, /deno test --allow-env=SLUICE_SEED,SLUICE_OPTIONS \S+failing_runs.ts\n/);
});

Deno.test("SimulationError.run has the command, and the message the first line of the cause", async () => {
  const error = await assertRejects(
    () => simulate(() => Promise.reject(new Error("\n  Values differ\n\n- 1\n+ 2")), { seed: 9 }),
    SimulationError,
  );
  assertEquals(error.problem, 'host "main" failed:   Values differ');
  assertMatch(error.run.replay ?? "", /^SLUICE_SEED=9 deno test .*replay_command_test.ts --filter/);
});
