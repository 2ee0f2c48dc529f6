/**
 * Public reports on other systems: child processes, each as a small program. The source is named at
 * each test.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { LimitOverrunError } from "../../../protocols/errors.ts";
import {
  createSubprocessExec,
  createSubprocessShell,
} from "../../../streams/processes/create_subprocess.ts";
import { testAlone } from "../../support/runs/alone_test.ts";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";
import { decode as text } from "../../support/text.ts";

const PIPES = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

/** How many descriptors we have open, as far as the system tells. */
async function descriptors(): Promise<number> {
  if (Deno.build.os !== "linux") return 0;
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

// python/cpython#119710, anyio#1174: a grandchild that keeps stdout held up wait().
test("Report: wait() ends with the process, though a grandchild has its stdout", async () => {
  const process = await createSubprocessShell("cat <&3 & exit 5", {
    ...PIPES,
    extraStdio: ["piped"],
  });
  assertEquals(await process.wait(), 5);
  process.pipe(3).writer.close();
  await process.closed;
});

// indexable-inc/index#914, tomerfiliba/plumbum#840: communicate() hung with a grandchild, with
// nothing to show.
test("Report: communicate() over a grandchild ends with its signal, keeps what was read, and the group can be killed", async () => {
  const process = await createSubprocessShell("echo before; cat <&3 & exit 0", {
    ...PIPES,
    startNewSession: true,
    extraStdio: ["piped"],
  });
  const controller = new AbortController();
  const communicating = process.communicate("", { signal: controller.signal });
  assertEquals(await process.wait(), 0);
  controller.abort();
  await assertRejects(() => communicating, DOMException);
  process.killGroup();
  assertEquals(text((await process.communicate()).stdout), "before\n");
});

// openai/codex-action#153, nodejs/node#40085, sindresorhus/execa#474: EPIPE of a fast child took
// the program down.
test("Report: a child that exits without reading its input is its exit code, and nothing else", async () => {
  for (const input of ["x".repeat(64 * 1_048_576), "x"]) {
    const process = await createSubprocessShell("echo why >&2; exit 7", PIPES);
    const { code, stderr } = await process.communicate(input);
    assertEquals([code, text(stderr)], [7, "why\n"]);
    await process.closed;
  }
});

// nodejs/node#19218, iobio/minion#13: output was cut off at the exit.
test("Report: output that is still in the pipe at the exit arrives whole", async () => {
  for (let round = 0; round < 20; round++) {
    const process = await createSubprocessShell("head -c 65536 /dev/zero", PIPES);
    await process.wait();
    assertEquals((await process.stdout.read()).length, 65_536);
    await process.closed;
  }
});

// denoland/deno#31288: SIGKILL of the child left the grandchild running.
test("Report: killGroup() leaves no grandchild", async () => {
  const process = await createSubprocessShell("sh -c 'echo $$; exec cat' <&3 & wait", {
    ...PIPES,
    startNewSession: true,
    extraStdio: ["piped"],
  });
  const grandchild = Number(text(await process.stdout.readline()));
  assert(isThere(grandchild));
  process.killGroup();
  // Both ends of its pipes are gone.
  await process.closed;
  assertEquals(process.returncode, -9);
});

// F1bonacc1/process-compose#521, FrameOS/frameos#372: the leader left on SIGTERM, a member that
// ignored it stayed.
test("Report: shutdown() also ends the members of the group that ignore SIGTERM when the leader has left", async () => {
  const process = await createSubprocessShell(
    "(trap '' TERM; echo ready; cat <&3; cat <&3) & wait",
    { ...PIPES, startNewSession: true, extraStdio: ["piped"] },
  );
  assertEquals(text(await process.stdout.readline()), "ready\n");
  assertEquals((await process.shutdown()).signal, "SIGTERM");
  assertEquals(text(await process.stdout.read()), "");
});

// MarcusXavierr/aws-tunnels#14: a stopped process never sees SIGTERM.
test("Report: shutdown() ends a process that is stopped", async () => {
  const watch = "(until ps -o stat= -p $$ | grep -q T; do :; done; echo ready) &";
  const process = await createSubprocessShell(`${watch} kill -STOP $$; cat`, PIPES);
  assertEquals(text(await process.stdout.readline()), "ready\n");
  assertEquals((await process.shutdown({ grace: 20 })).signal, "SIGKILL");
});

// omnigent-ai/omnigent#7930, MCDReforged/MCDReforged#400: one overlong line stopped the reader,
// then the child.
test("Report: an overlong line is passed over, and the lines after it come", async () => {
  const process = await createSubprocessShell(
    "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo after >&2; echo ready",
    PIPES,
  );
  const lines: string[] = [];
  let overruns = 0;
  while (!process.stderr.atEof()) {
    try {
      lines.push(text(await process.stderr.readline()));
    } catch (error) {
      assert(error instanceof LimitOverrunError);
      overruns++;
    }
  }
  assert(overruns > 0);
  assert(lines.includes("after\n"), String(lines.length));
  assertEquals(text(await process.stdout.readline()), "ready\n");
  await process.wait();
});

// python/asyncio#168: read() up to the end hung if more than the limit came.
test("Report: read() up to the end takes more than the limit", async () => {
  const process = await createSubprocessShell("head -c 1000000 /dev/zero", {
    ...PIPES,
    limit: 1000,
  });
  assertEquals((await process.stdout.read()).length, 1_000_000);
  assertEquals(await process.wait(), 0);
});

// oven-sh/bun#29751, python/cpython#125502: pipes that were not touched stayed open.
testAlone(
  import.meta.url,
  "Report: 200 children at once, whose pipes are not touched, leave no descriptor and no process",
  async () => {
    await (await createSubprocessExec("true", PIPES)).closed;
    const before = await descriptors();
    const processes = await Promise.all(
      Array.from({ length: 200 }, () => createSubprocessExec("true", PIPES)),
    );
    const exits = await Promise.all(processes.map((process) => process.closed));
    assertEquals(exits.every(({ code }) => code === 0), true);
    assertEquals(processes.some(({ pid }) => isThere(pid)), false);
    assertEquals(await descriptors(), before);
  },
  Deno.build.os === "windows",
);

// oven-sh/bun#38354: a start that failed left its pipes open.
testAlone(import.meta.url, "Report: a start that fails leaves no descriptor", async () => {
  await assertRejects(() => createSubprocessExec("no-such-program", PIPES), Deno.errors.NotFound);
  const before = await descriptors();
  for (const extraStdio of [[], ["piped"]] as const) {
    for (let round = 0; round < 20; round++) {
      const options = { ...PIPES, extraStdio, stdout: { path: "/dev/null" } };
      await assertRejects(() => createSubprocessExec("no-such-program", options));
    }
  }
  assertEquals(await descriptors(), before);
}, Deno.build.os === "windows");

// denoland/deno#7087, tokio-rs/tokio#2685: who was not waited for stayed a zombie.
test("Report: a process without a wait leaves no zombie", async () => {
  const { pid } = await createSubprocessExec("true");
  const { closed } = await createSubprocessExec("cat", { stdin: "null" });
  await closed;
  // Its number is free again as soon as the system has told of its end.
  while (isThere(pid)) await (await createSubprocessExec("true")).closed;
});

// python/cpython#125502: many that were cancelled while they ran made the program hang.
test("Report: 50 processes that are aborted at any moment all end", async () => {
  for (let round = 0; round < 50; round++) {
    const controller = new AbortController();
    const starting = createSubprocessExec("cat", { ...PIPES, signal: controller.signal });
    const communicating = starting.then((process) =>
      process.communicate("x".repeat(round * 10_000), { signal: controller.signal })
    ).catch((error) => error);
    for (let turn = 0; turn < round % 7; turn++) await Promise.resolve();
    controller.abort();
    await communicating;
    // An abort before the start leaves no process.
    const process = await starting.catch((error) =>
      assertStrictEquals(error, controller.signal.reason)
    );
    await process?.closed;
  }
});

// Found here, in Deno 2.9.6: node:child_process sends one signal only, and takes it for the end of
// the process.
test("Report: with four descriptors a second signal is sent as well, and the exit code is that of the process", async () => {
  const script =
    "trap 'echo one' HUP; trap 'echo two; exit 7' TERM; echo ready; while :; do read x; done";
  const process = await createSubprocessShell(script, { ...PIPES, extraStdio: ["null"] });
  const lines = process.stdout.lines();
  assertEquals((await lines.next()).value, "ready");
  process.sendSignal("SIGHUP");
  process.stdin.write("\n");
  assertEquals((await lines.next()).value, "one");
  process.terminate();
  process.stdin.write("\n");
  assertEquals((await lines.next()).value, "two");
  assertEquals(await process.exited, { success: false, code: 7, signal: null });
  await process.closed;
});

// ora-space/desktop#42, rust's wait(): a child that reads to the end of stdin and is only waited
// for.
test("Report: a child that reads stdin ends when that is ended, or the wait does", async () => {
  const process = await createSubprocessExec("cat", PIPES);
  await assertRejects(() => process.wait({ signal: AbortSignal.timeout(20) }), DOMException);
  process.stdin.writeEof();
  assertEquals(await process.wait(), 0);
});
