import { assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";
import { startFixture } from "./run_fixture.ts";

const FLAGS = ["--allow-run", "--allow-env"];

/** Starts a program that holds a child, waits until that is ready, and gives what it prints. */
async function hold(way: string, end: string): Promise<{
  child: Deno.ChildProcess;
  pid: number;
  lines: AsyncIterableIterator<string>;
}> {
  const child = startFixture("holding_program.ts", FLAGS, [way, end]);
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .values();
  const { value } = await lines.next();
  return { child, pid: Number(value), lines };
}

/**
 * Waits until a process that is not ours has gone, which nothing tells of: its parent has, so it
 * goes at any moment.
 */
async function untilGone(pid: number): Promise<void> {
  await new Deno.Command("tail", {
    args: [`--pid=${pid}`, "-s", "0.01", "-f", "/dev/null"],
    stdout: "null",
  }).output();
  assertEquals(isThere(pid), false);
}

for (const way of ["plain", "four", "session", "connected", "polite"]) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    test(`${signal} ends a program by that signal, and its child with it: ${way}`, async () => {
      const { child, pid, lines } = await hold(way, "wait");
      child.kill(signal);
      assertEquals((await child.status).signal, signal);
      assertEquals(isThere(pid), false);
      await lines.return?.();
    });
  }
}

test("SIGTERM ends a child that ignores SIGTERM, after five seconds", async () => {
  const { child, pid, lines } = await hold("stubborn", "wait");
  child.kill("SIGTERM");
  assertEquals((await child.status).signal, "SIGTERM");
  assertEquals(isThere(pid), false);
  await lines.return?.();
});

for (const [end, code] of [["exit", 7], ["throw", 1], ["reject", 1]] as const) {
  for (const way of ["plain", "four", "connected", "stubborn"]) {
    test(`A program that ends by ${end} ends its child with it: ${way}`, async () => {
      const { child, pid, lines } = await hold(way, end);
      assertEquals((await child.status).code, code);
      await untilGone(pid);
      await lines.return?.();
    });
  }
}

for (const end of ["caught", "caught rejection"]) {
  test(`An error that is caught leaves the child alone: ${end}`, async () => {
    const { child, lines } = await hold("plain", end);
    // By the program itself, and not by SIGKILL before.
    assertEquals((await lines.next()).value, "SIGTERM");
    assertEquals((await child.status).code, 0);
    await lines.return?.();
  });
}

test("A handler of the program's own is called when the signal comes, and when the children have ended", async () => {
  const { child, pid, lines } = await hold("plain", "handled");
  child.kill("SIGTERM");
  assertEquals([(await lines.next()).value, (await lines.next()).value], ["signal 1", "signal 2"]);
  assertEquals((await child.status).code, 9);
  assertEquals(isThere(pid), false);
  await lines.return?.();
});

test("endWithParent: false leaves the child to the program", async () => {
  const { child, pid, lines } = await hold("loose", "wait");
  child.kill("SIGTERM");
  assertEquals((await child.status).signal, "SIGTERM");
  assertEquals(isThere(pid), true);
  Deno.kill(pid, "SIGKILL");
  await untilGone(pid);
  await lines.return?.();
});
