import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { OutputLimitError, ProcessFailedError } from "../../../protocols/errors/process_errors.ts";
import {
  createSubprocessExec,
  createSubprocessShell,
} from "../../../streams/processes/create_subprocess.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";
import { decode as text } from "../../support/text.ts";

const PIPES = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

test("createSubprocessExec() gives a writer to stdin, and readers of stdout and stderr", async () => {
  await using process = await createSubprocessExec("sh", {
    ...PIPES,
    args: ["-c", 'read name; echo "hello $name"; echo oops >&2; exit 2'],
  });
  assertEquals(process.returncode, null);
  process.stdin.write("Ada\n");
  assertEquals(text(await process.stdout.readline()), "hello Ada\n");
  assertEquals(await Array.fromAsync(process.stderr.lines()), ["oops"]);
  assertEquals(await process.wait(), 2);
  assertEquals(process.returncode, 2);
  assertEquals(await process.exited, { success: false, code: 2, signal: null });
});

test("Process.stdin, stdout, stderr and pipe() throw InvalidStateError where there is no pipe, and name the option", async () => {
  const process = await createSubprocessExec("true");
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    assertThrows(() => process[name], InvalidStateError, `start it with ${name}: "piped"`);
  }
  assertThrows(() => process.pipe(3), InvalidStateError, "extraStdio");
  assertEquals(await process.wait(), 0);
  await process.closed;
});

test("Process.stdout has a Web stream as well", async () => {
  const process = await createSubprocessShell("cat; exit 1", PIPES);
  const copying = new Response("through a Web stream").body?.pipeTo(process.stdin.writable);
  assertEquals(await new Response(process.stdout.readable).text(), "through a Web stream");
  await copying;
  assertEquals(await process.wait(), 1);
  await process.closed;
});

test("Process.pipe() is a connection over a further descriptor", async () => {
  const process = await createSubprocessShell("cat <&4 >&4; echo done >&3", {
    extraStdio: ["piped", "piped"],
  });
  const [third, fourth] = [process.pipe(3), process.pipe(4)];
  fourth.writer.write("there and back");
  fourth.writer.writeEof();
  assertEquals(text(await fourth.reader.read()), "there and back");
  assertEquals(text(await third.reader.readline()), "done\n");
  await process.closed;
});

test("Process.wait() takes a signal, any number of times, and all waits agree", async () => {
  const process = await createSubprocessExec("cat", PIPES);
  const controller = new AbortController();
  const aborted = Array.from({ length: 10 }, () => process.wait({ signal: controller.signal }));
  const waits = Array.from({ length: 10 }, () => process.wait());
  controller.abort(new Error("no time"));
  for (const wait of aborted) await assertRejects(() => wait, Error, "no time");
  assertEquals(process.returncode, null);
  await assertRejects(() => process.wait({ signal: AbortSignal.abort() }), DOMException);
  process.kill();
  assertEquals(await Promise.all(waits), Array(10).fill(-9));
  assertEquals(await process.wait(), -9);
  await process.closed;
});

test("Process.communicate() writes and reads everything at the same time", async () => {
  const input = new Uint8Array(3_000_000).map((_, index) => index * 7);
  const process = await createSubprocessShell("tee /dev/stderr", PIPES);
  const { stdout, stderr, success } = await process.communicate(input);
  assertEquals([stdout.length, stderr.length, success], [input.length, input.length, true]);
  assert(stdout.every((byte, index) => byte === input[index]), "stdout differs");
  assert(stderr.every((byte, index) => byte === input[index]), "stderr differs");
  await process.closed;
});

test("Process.communicate() works without input, with empty input, and with fewer pipes", async () => {
  for (const input of [undefined, "", new Uint8Array(0)]) {
    const process = await createSubprocessExec("cat", PIPES);
    const { stdout, code } = await process.communicate(input);
    assertEquals([stdout.length, code], [0, 0]);
  }
  const process = await createSubprocessExec("echo", { args: ["x"], stdout: "piped" });
  const { stdout, stderr } = await process.communicate();
  assertEquals([text(stdout), stderr.length], ["x\n", 0]);
});

test("Process.communicate() accepts a process that reads only part of its input", async () => {
  const process = await createSubprocessExec("head", { ...PIPES, args: ["-c", "4"] });
  const { stdout, code } = await process.communicate("abcd".repeat(1_000_000));
  assertEquals([text(stdout), code], ["abcd", 0]);
  await process.closed;
});

test("Process.communicate() collects up to maxOutput of each pipe, not a byte more", async () => {
  for (const [length, maxOutput] of [[1000, 1000], [1000, 1001], [0, 0]] as const) {
    const process = await createSubprocessShell(`head -c ${length} /dev/zero`, PIPES);
    const { stdout } = await process.communicate(undefined, { maxOutput });
    assertEquals(stdout.length, length);
  }
});

test("Process.communicate() ends a process that writes more than maxOutput, and the error has what was read", async () => {
  const process = await createSubprocessShell("echo note >&2; echo started; yes", PIPES);
  const error = await process.communicate(undefined, { maxOutput: 100_000 }).catch((e) => e);
  assert(error instanceof OutputLimitError);
  assertEquals(error.limit, 100_000);
  assertEquals(error.stdout.length, 100_001);
  assertEquals(text(error.stdout.subarray(0, 10)), "started\ny\n");
  assertEquals(text(error.stderr), "note\n");
  assert(process.returncode !== null);
  assertEquals(isThere(process.pid), false);
});

test("Process.communicate() has no second result after an overflow: the rest is lost", async () => {
  const process = await createSubprocessShell("head -c 1000 /dev/zero", PIPES);
  const overflow = { maxOutput: 10 };
  const error = await process.communicate(undefined, overflow).catch((e) => e);
  assert(error instanceof OutputLimitError);
  for (const options of [overflow, { maxOutput: 11 }, {}]) {
    assertEquals(await process.communicate(undefined, options).catch((e) => e), error);
  }
});

test("Process.communicate() reads nothing more if an earlier call has collected more than maxOutput", async () => {
  const process = await createSubprocessShell("echo started; echo >&3; read x <&3; yes", {
    ...PIPES,
    extraStdio: ["piped"],
  });
  const controller = new AbortController();
  const first = process.communicate(undefined, { signal: controller.signal });
  const { reader, writer } = process.pipe(3);
  await reader.readline();
  await settle();
  controller.abort();
  await assertRejects(() => first, DOMException);
  writer.write("go\n");
  const error = await process.communicate(undefined, { maxOutput: 3 }).catch((e) => e);
  assert(error instanceof OutputLimitError);
  assertEquals(text(error.stdout), "started\n");
  await process.closed;
});

test("Process.communicate() can be called again after an abort, and loses nothing", async () => {
  const held = await createSubprocessShell("cat; echo one; read x <&3; echo two", {
    ...PIPES,
    extraStdio: ["piped"],
  });
  const controller = new AbortController();
  const first = held.communicate("zero\n", { signal: controller.signal });
  assertEquals(await stateOf(first), "pending");
  controller.abort();
  await assertRejects(() => first, DOMException);
  await assertRejects(() => held.communicate("again"), InvalidStateError, "given before");
  held.pipe(3).writer.write("go\n");
  const { stdout } = await held.communicate();
  assertEquals(text(stdout), "zero\none\ntwo\n");
  await held.closed;
});

test("Process.communicate() refuses input without a stdin, wrong options, and a second reader", async () => {
  const process = await createSubprocessExec("cat", { stdin: "null", stdout: "piped" });
  await assertRejects(() => process.communicate("x"), InvalidStateError, 'stdin: "piped"');
  const wrong = [{ maxOutput: -1 }, { maxoutput: 5 }, { signal: 5 }];
  for (const options of wrong) {
    const refused = await Reflect.apply(process.communicate, process, ["x", options])
      .catch((error: unknown) => error);
    assert(refused instanceof TypeError || refused instanceof RangeError);
  }
  await process.wait();
  const cat = await createSubprocessExec("cat", PIPES);
  const reading = cat.stdout.readline();
  await assertRejects(() => cat.communicate(), InvalidStateError, "another read");
  assertEquals(text(await reading), "");
  await cat.closed;
});

test("Process.check() gives the output of a process that succeeds, and throws for others with the last lines of stderr", async () => {
  const good = await createSubprocessExec("cat", PIPES);
  assertEquals(text((await good.check("fine")).stdout), "fine");
  const script = "seq 20 >&2; echo '  at the end' >&2; exit 3";
  const bad = await createSubprocessShell(script, PIPES);
  const error = await bad.check().catch((e) => e);
  assert(error instanceof ProcessFailedError);
  assertEquals([error.program, error.code, error.signal], ["sh", 3, null]);
  assertEquals(error.stderr.split("\n"), [
    ..."23456789".split("").map((n) => `1${n}`),
    "20",
    "  at the end",
  ]);
  assert(error.message.startsWith("Process sh failed: exit code 3; stderr ends:\n12\n"));
  const killed = await createSubprocessShell("kill -TERM $$");
  await assertRejects(() => killed.check(), ProcessFailedError, "ended by SIGTERM");
});

test("Process.check() knows the end of a stderr that was read before", async () => {
  const process = await createSubprocessShell("echo first >&2; echo last >&2; exit 1", PIPES);
  assertEquals(await Array.fromAsync(process.stderr.lines()), ["first", "last"]);
  const error = await process.check().catch((e) => e);
  assertEquals(error.stderr, "first\nlast");
});

test("Process.stdin.drain() fails with BrokenPipe once the process reads no more; output and exit are not touched", async () => {
  const process = await createSubprocessShell("exec <&-; echo ready; read x <&3; echo on; exit 3", {
    ...PIPES,
    extraStdio: ["piped"],
  });
  assertEquals(text(await process.stdout.readline()), "ready\n");
  process.stdin.write(new Uint8Array(200_000));
  await assertRejects(() => process.stdin.drain(), Deno.errors.BrokenPipe);
  process.pipe(3).writer.write("go\n");
  assertEquals(text(await process.stdout.read()), "on\n");
  assertEquals(await process.wait(), 3);
  await process.closed;
});

test("Process.shutdown() keeps received output, drops later output, and is called by await using", async () => {
  const process = await createSubprocessShell(
    "trap 'yes | head -c 300000; exit 4' TERM; echo ready; read x",
    PIPES,
  );
  assertEquals(text(await process.stdout.readline()), "ready\n");
  assertEquals((await process.shutdown()).code, 4);
  assertEquals(text(await process.stdout.read()), "");
  assertEquals((await process.shutdown()).code, 4);
  let pid = 0;
  {
    await using stubborn = await createSubprocessExec("cat", PIPES);
    pid = stubborn.pid;
  }
  assertEquals(isThere(pid), false);
});

test("Process.shutdown() closes pipes that a grandchild holds", async () => {
  const process = await createSubprocessShell("cat <&3 & exit 0", {
    ...PIPES,
    extraStdio: ["piped"],
  });
  assertEquals(await process.wait(), 0);
  assertEquals(await stateOf(process.closed), "pending");
  assertEquals((await process.shutdown()).code, 0);
});

test("Process.terminate(), kill(), sendSignal() and killGroup() are those of its transport", async () => {
  for (
    const [act, code] of [
      ["terminate", -15],
      ["kill", -9],
      ["killGroup", -9],
    ] as const
  ) {
    const process = await createSubprocessExec("cat", { ...PIPES, startNewSession: true });
    process[act]();
    assertEquals(await process.wait(), code);
    process[act]();
    await process.closed;
  }
  const process = await createSubprocessExec("cat", PIPES);
  // A shell has what it starts in the background ignore SIGINT and SIGQUIT, and nohup SIGHUP.
  process.sendSignal("SIGUSR1");
  assertEquals(await process.wait(), -10);
  await process.closed;
});

test("createSubprocessShell() refuses args and a command that is not a string", async () => {
  await assertRejects(() => createSubprocessShell(""), TypeError, "not a command");
  await assertRejects(
    () => Reflect.apply(createSubprocessShell, null, ["ls", { args: [] }]),
    TypeError,
    "args",
  );
  await assertRejects(() => createSubprocessExec("cat", { limit: 0, stdout: "piped" }), RangeError);
});

test("A process whose output is not read waits, without growing memory, and delivers all of it later", async () => {
  const length = 256 * 1_048_576;
  const process = await createSubprocessExec("head", {
    args: ["-c", String(length), "/dev/zero"],
    stdout: "piped",
  });
  await settle();
  assertEquals(process.returncode, null);
  const before = Deno.memoryUsage();
  assert(before.external < length / 4);
  let received = 0;
  for (;;) {
    const chunk = await process.stdout.read(65_536);
    if (chunk.length === 0) break;
    received += chunk.length;
  }
  assertEquals(received, length);
  assertEquals(await process.wait(), 0);
  await process.closed;
});

test("A process that reads nothing makes drain() wait, without growing memory, until it exits", async () => {
  const process = await createSubprocessShell("read x <&3", {
    stdin: "piped",
    extraStdio: ["piped"],
  });
  const chunk = new Uint8Array(65_536);
  let written = 0;
  const writing = (async () => {
    for (; written < 256 * 1_048_576; written += chunk.length) {
      process.stdin.write(chunk);
      await process.stdin.drain();
    }
  })();
  assertEquals(await stateOf(writing), "pending");
  assert(written < 1_048_576, `${written} bytes taken`);
  process.pipe(3).writer.write("go\n");
  assertEquals(await process.wait(), 0);
  await assertRejects(() => writing, Error);
  await process.closed;
});
