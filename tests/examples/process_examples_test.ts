import { assert, assertEquals, assertMatch } from "@std/assert";
import { posixTest as test } from "../support/runs/posix_test.ts";
import { runExample } from "./run_example.ts";

test("run_command sorts by callbacks, by streams and as a connection, and shows why a program failed", async () => {
  const { code, stdout, stderr } = await runExample("run_command", ["--words", "pear apple fig"]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout.slice(0, 6), [
    "callbacks: the process has exited",
    "callbacks: apple fig pear",
    "streams: apple fig pear",
    "connection: exit code 0",
    "connection: apple fig pear",
    "Process sort failed: exit code 2; stderr ends:",
  ]);
  assertMatch(stdout[6] ?? "", /no-such-file/);
});

test("pipeline counts words, and head ends the programs before it", async () => {
  const { code, stdout, stderr } = await runExample("pipeline", [
    ...["--text", "b a b c b a", "--count", "2"],
  ]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout.slice(0, 2), ["3 b", "2 a"]);
  assertMatch(stdout[2] ?? "", /^exit codes: 0 0 (0|-13) 0$/);
});

test("language_server_client restarts a server that died, and stops the last one", async () => {
  const { code, stdout, stderr } = await runExample("language_server_client", ["--deaths", "1"]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout, [
    "answer is a number",
    "the server was killed: SIGKILL",
    "answer is a number",
    "restarts: 1, exit code of the last server: 0",
  ]);
});

for (const name of ["run_command", "pipeline", "language_server_client"]) {
  test(`${name} ends with one line for a flag it does not know`, async () => {
    const outcome = await runExample(name, ["--verbose"]);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [2, [], 1]);
    assert(outcome.stderr.join().includes("Unknown option '--verbose'"));
  });
}
