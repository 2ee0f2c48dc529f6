import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProcessFailedError } from "../../../protocols/errors/process_errors.ts";
import { createSubprocessExec } from "../../../streams/processes/create_subprocess.ts";
import { pipeline } from "../../../streams/processes/pipeline.ts";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";
import { decode as text } from "../../support/text.ts";

const ENDS = { stdin: "piped", stdout: "piped" } as const;

test("pipeline() joins processes from the first stdin to the last stdout", async () => {
  await using line = await pipeline([["tr", "a-z", "A-Z"], ["rev"], ["cat"]], ENDS);
  line.stdin.write("abc\n");
  assertEquals(line.processes.length, 3);
  line.stdin.writeEof();
  assertEquals(text(await line.stdout.read()), "CBA\n");
  assertEquals(await line.wait(), [0, 0, 0]);
  assertEquals((await line.closed).map(({ success }) => success), [true, true, true]);
});

test("pipeline() of one command is that command", async () => {
  const line = await pipeline([["cat"]], ENDS);
  const { stdout, exits } = await line.check("one");
  assertEquals([text(stdout), exits.length], ["one", 1]);
  await line.closed;
});

test("Pipeline.communicate() passes more than the pipes hold, both ways at once", async () => {
  const line = await pipeline([["cat"], ["tee", "/dev/null"], ["cat"]], ENDS);
  const input = new Uint8Array(5_000_000).map((_, index) => index * 3);
  const { stdout } = await line.communicate(input);
  assertEquals(stdout.length, input.length);
  assert(stdout.every((byte, index) => byte === input[index]));
  await line.closed;
});

test("Pipeline.check() does not treat SIGPIPE as a failure of a process whose reader stopped early", async () => {
  const line = await pipeline([["yes"], ["head", "-n", "2"]], { stdout: "piped" });
  const { stdout, exits } = await line.check();
  assertEquals(text(stdout), "y\ny\n");
  assertEquals(exits.map(({ signal }) => signal), ["SIGPIPE", null]);
});

test("Pipeline.check() throws for the last process that failed, with its stderr", async () => {
  const commands = [["sh", "-c", "echo a >&2; exit 2"], ["sh", "-c", "echo b >&2; exit 3"], [
    "cat",
  ]] as const;
  const line = await pipeline(commands, { ...ENDS, stderr: "piped" });
  const error = await line.check().catch((e) => e);
  assert(error instanceof ProcessFailedError);
  assertEquals([error.code, error.stderr], [3, "b"]);
  await line.shutdown();
});

test("pipeline() ends what it has started if a program is missing", async () => {
  const marker = `sluice-${crypto.randomUUID()}`;
  await assertRejects(
    () => pipeline([["no-such-program"], ["sh", "-c", `: ${marker}; cat`]], ENDS),
    Deno.errors.NotFound,
    "Cannot run no-such-program",
  );
  const search = await createSubprocessExec("pgrep", { args: ["-f", marker], stdout: "piped" });
  assertEquals((await search.communicate()).code, 1);
});

test("Pipeline.shutdown() ends all its processes, and so does await using", async () => {
  let pids: number[] = [];
  {
    await using line = await pipeline([["cat"], ["sh", "-c", "trap '' TERM; cat; cat"]], ENDS);
    pids = line.processes.map(({ pid }) => pid);
    assertEquals(pids.map(isThere), [true, true]);
    const exits = await line.shutdown({ grace: 0 });
    assertEquals(exits.length, 2);
  }
  assertEquals(pids.map(isThere), [false, false]);
});

test("pipeline() refuses an argument that is not a list of commands", async () => {
  await assertRejects(() => pipeline([["cat"]], null as never), TypeError, "options null is not");
  for (const commands of [[], null, "cat", ["cat"], [["cat"], "rev"], [[]], [[5]]]) {
    const refused = await Reflect.apply(pipeline, null, [commands, ENDS])
      .catch((error: unknown) => error);
    assert(refused instanceof TypeError, String(refused));
  }
  const refused = await Reflect.apply(pipeline, null, [[["cat"]], { args: ["x"] }])
    .catch((error: unknown) => error);
  assert(refused instanceof TypeError, String(refused));
});
