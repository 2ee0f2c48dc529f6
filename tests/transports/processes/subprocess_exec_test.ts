import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { subprocessExec, subprocessShell } from "../../../transports/processes/subprocess.ts";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { RecordingChild } from "./recording_child.ts";

const make = () => new RecordingChild();

test("subprocessExec() tells connectionMade first, connectionLost last, and each pipe's data before its end", async () => {
  const { transport, protocol } = await subprocessExec(make, "sh", {
    args: ["-c", "echo out; echo err >&2; cat"],
  });
  const stdin = transport.getPipeTransport(0);
  stdin?.write("in");
  stdin?.writeEof();
  assertEquals(await transport.closed, { success: true, code: 0, signal: null });
  assertEquals(protocol.events[0], "connectionMade");
  assertEquals(protocol.events.at(-1), "connectionLost null");
  assertEquals(protocol.of(0), ["pipeConnectionLost 0 null"]);
  assertEquals(protocol.of(1), ["pipeDataReceived 1", "pipeConnectionLost 1 null"]);
  assertEquals(protocol.of(2), ["pipeDataReceived 2", "pipeConnectionLost 2 null"]);
  assertEquals(protocol.events.filter((event) => event === "processExited").length, 1);
  assertEquals(protocol.text(1), "out\nin");
  assertEquals(protocol.text(2), "err\n");
});

test("SubprocessTransport.exited resolves at the exit, closed when a grandchild lets go of the pipes", async () => {
  const { transport, protocol } = await subprocessShell(make, "cat <&3 & echo $!; exit 3", {
    extraStdio: ["piped"],
    stdin: "null",
  });
  assertEquals(await transport.exited, { success: false, code: 3, signal: null });
  assertEquals(transport.returncode, 3);
  assertEquals(await stateOf(transport.closed), "pending");
  transport.getPipeTransport(3)?.write("from the grandchild");
  await protocol.untilText(1, "from the grandchild");
  transport.getPipeTransport(3)?.close();
  assertEquals((await transport.closed).code, 3);
});

test("SubprocessTransport.returncode is below zero, as in asyncio, for a process that a signal ended", async () => {
  const { transport } = await subprocessExec(make, "cat");
  assertEquals(transport.returncode, null);
  assertEquals(transport.getReturncode(), null);
  assertEquals(transport.getPid(), transport.pid);
  transport.terminate();
  assertEquals(await transport.exited, { success: false, code: 143, signal: "SIGTERM" });
  assertEquals(transport.getReturncode(), -15);
  assertEquals(transport.getExtraInfo("exitStatus")?.signal, "SIGTERM");
  await transport.closed;
});

test("SubprocessTransport.sendSignal() reaches the process, and does nothing once that has ended", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "trap 'echo hup; exit 7' HUP; echo ready; cat",
  );
  await protocol.untilText(1, "ready");
  transport.sendSignal("SIGHUP");
  transport.getPipeTransport(0)?.close();
  assertEquals((await transport.exited).code, 7);
  transport.sendSignal("SIGTERM");
  transport.kill();
  transport.terminate();
  await transport.closed;
  transport.kill();
  assertEquals(protocol.text(1), "ready\nhup\n");
  assertEquals(isThere(transport.pid), false);
});

test("A signal that the process outlives leaves its stdin open, with three descriptors and with four", async () => {
  for (const extraStdio of [[], ["null"]] as const) {
    const { transport, protocol } = await subprocessExec(make, "cat", { extraStdio });
    transport.sendSignal("SIGCONT");
    const stdin = transport.getPipeTransport(0);
    stdin?.write("after the signal");
    stdin?.writeEof();
    assertEquals(await transport.closed, { success: true, code: 0, signal: null });
    assertEquals(protocol.text(1), "after the signal");
  }
});

test("SubprocessTransport.sendSignal() throws TypeError for an unknown signal, at any time", async () => {
  const { transport } = await subprocessExec(make, "true");
  for (const signal of ["TERM", "SIGNOTHING", "", 15]) {
    assertThrows(
      () => Reflect.apply(transport.sendSignal, transport, [signal]),
      TypeError,
      "is not the name of one",
    );
  }
  await transport.closed;
  assertThrows(() => transport.sendSignal("SIGNONE"), TypeError);
});

test("SubprocessTransport.close() closes the pipes and kills the process", async () => {
  const { transport, protocol } = await subprocessShell(make, "trap '' TERM; echo ready; cat");
  await protocol.untilText(1, "ready");
  transport.close();
  transport.close();
  assert(transport.isClosing());
  assertEquals((await transport.closed).signal, "SIGKILL");
  assertEquals(protocol.events.filter((event) => event.startsWith("pipeConnectionLost")).length, 3);
  assertEquals(protocol.events.at(-1), "connectionLost null");
});

test("SubprocessTransport.close() leaves the exit code of a process that has ended", async () => {
  const { transport } = await subprocessShell(make, "exit 4");
  await transport.exited;
  transport.close();
  assertEquals((await transport.closed).code, 4);
});

test("SubprocessTransport.close() does not wait for a grandchild that keeps stdin and reads nothing", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "exec 3<&0; trap '' HUP; (cat <&4 >/dev/null) & echo ready; wait",
    { extraStdio: ["null", "piped"] },
  );
  await protocol.untilText(1, "ready");
  transport.getPipeTransport(0)?.write(new Uint8Array(1_000_000));
  await settle();
  transport.close();
  assertEquals((await transport.closed).signal, "SIGKILL");
});

test("Each pipe has flow control of its own: a paused one holds nothing else back", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "head -c 300000 /dev/zero & echo err >&2; wait; echo end >&2; cat >/dev/null",
  );
  const stdout = transport.getPipeTransport(1);
  stdout?.pauseReading();
  await protocol.untilText(2, "err");
  await settle();
  assert(protocol.text(1).length < 300_000);
  assert(!protocol.text(2).includes("end"));
  stdout?.resumeReading();
  await protocol.untilText(2, "end");
  await protocol.until(() => protocol.text(1).length === 300_000);
  transport.getPipeTransport(0)?.writeEof();
  assertEquals((await transport.closed).code, 0);
});

test("pipeDataReceived() that returns a promise holds its pipe back until that settles", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = 0;
  const { transport } = await subprocessExec(
    () => ({
      pipeDataReceived(_fd: number, chunk: Uint8Array): Promise<void> {
        received += chunk.length;
        return promise;
      },
    }),
    "head",
    { args: ["-c", "1000000", "/dev/zero"], stdin: "null", stderr: "null" },
  );
  await settle();
  assert(received <= 65_536, String(received));
  resolve();
  assertEquals((await transport.closed).code, 0);
  assertEquals(received, 1_000_000);
});

test("A process that does not read pauses the writer of stdin, by its descriptor", async () => {
  const { transport, protocol } = await subprocessShell(make, "read x <&3; wc -c", {
    extraStdio: ["piped"],
  });
  const stdin = transport.getPipeTransport(0);
  assertEquals(stdin?.write(new Uint8Array(1_000_000)), false);
  assertEquals(protocol.of(0), ["pauseWriting 0"]);
  transport.getPipeTransport(3)?.write("go\n");
  await protocol.until(() => protocol.events.includes("resumeWriting 0"));
  stdin?.writeEof();
  await transport.closed;
  assertEquals(protocol.text(1).trim(), "1000000");
});

test("A process that closes its stdin early keeps its output and exit code", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "head -c 5 >/dev/null; exec <&-; echo ready; read x <&3; echo result; exit 3",
    { extraStdio: ["piped"] },
  );
  transport.getPipeTransport(0)?.write(new Uint8Array(1_000_000));
  await protocol.until(() => protocol.events.includes("pipeConnectionLost 0 BrokenPipe"));
  transport.getPipeTransport(3)?.write("go\n");
  assertEquals(await transport.closed, { success: false, code: 3, signal: null });
  assertEquals(protocol.text(1), "ready\nresult\n");
});

test("A pipe can be written one way, read the other way, and from 3 on both ways", async () => {
  const { transport, protocol } = await subprocessShell(make, "cat <&3 >&3; cat", {
    extraStdio: ["piped", "null", "piped"],
  });
  const [stdin, stdout, third] = [0, 1, 3].map((fd) => transport.getPipeTransport(fd));
  assertEquals(transport.getPipeTransport(4), null);
  assertEquals(transport.getPipeTransport(9), null);
  assert(transport.getPipeTransport(5) !== null);
  assertThrows(() => stdout?.write("x"), InvalidStateError, "pipe to read from");
  assertEquals(stdout?.canWriteEof(), false);
  assertEquals([stdin?.canWriteEof(), third?.canWriteEof()], [true, true]);
  third?.write("there and back");
  third?.writeEof();
  await protocol.untilText(3, "there and back");
  stdin?.writeEof();
  assertEquals(stdin?.isClosing(), true);
  await transport.closed;
});

test("SubprocessTransport.setProtocol() gives the rest to another protocol", async () => {
  const { transport, protocol } = await subprocessShell(make, "echo one; read x; echo two");
  await protocol.untilText(1, "one");
  const second = new RecordingChild();
  transport.setProtocol(second);
  assertEquals(transport.getProtocol(), second);
  transport.getPipeTransport(0)?.write("\n");
  await transport.closed;
  assertEquals(protocol.text(1), "one\n");
  assertEquals(second.text(1), "two\n");
  assertEquals(second.events.at(-1), "connectionLost null");
});

for (const callback of ["connectionMade", "pipeDataReceived", "processExited"] as const) {
  test(`An exception in ${callback}() is reported once, ends the process, and is passed to connectionLost`, async () => {
    const errors: [string, string][] = [];
    let lost: Error | null = null;
    const { transport } = await subprocessShell(
      () => ({
        [callback](): void {
          throw new Error("mine");
        },
        connectionLost: (error: Error | null) => void (lost = error),
      }),
      callback === "processExited" ? "true" : "echo out; cat",
      { onError: (error, context) => errors.push([error.message, context.callback]) },
    );
    await transport.closed;
    assertEquals(errors, [["mine", callback]]);
    assertEquals(String(lost), "Error: mine");
  });
}

test("A rejected promise of pipeDataReceived() is treated like an exception", async () => {
  const errors: string[] = [];
  const { transport } = await subprocessShell(
    () => ({ pipeDataReceived: () => Promise.reject(new Error("later")) }),
    "echo out; cat",
    { onError: (error) => errors.push(error.message) },
  );
  assertEquals((await transport.closed).signal, "SIGKILL");
  assertEquals(errors, ["later"]);
});

test("subprocessExec() ends the process when its signal aborts, and not before it was started", async () => {
  const controller = new AbortController();
  const { transport } = await subprocessExec(make, "cat", { signal: controller.signal });
  controller.abort();
  assertEquals((await transport.closed).signal, "SIGTERM");
  let made = 0;
  const count = () => {
    made++;
    return {};
  };
  const reason = await subprocessExec(count, "cat", { signal: controller.signal })
    .catch((error) => error);
  assertEquals([reason, made], [controller.signal.reason, 0]);
});

test("SubprocessTransport.shutdown() ends a process that ignores SIGTERM by SIGKILL, after the grace", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "trap 'echo no' TERM; echo ready; while :; do read x || read y <&3; done",
    { extraStdio: ["piped"] },
  );
  await protocol.untilText(1, "ready");
  const ended = transport.shutdown({ grace: 50 });
  assertEquals((await ended).signal, "SIGKILL");
  assertEquals(isThere(transport.pid), false);
});

test("SubprocessTransport.shutdown() delivers the last output of a process whose output was paused", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "trap 'head -c 200000 /dev/zero; exit 5' TERM; echo ready; read x",
  );
  await protocol.untilText(1, "ready");
  transport.getPipeTransport(1)?.pauseReading();
  assertEquals(await transport.shutdown(), { success: false, code: 5, signal: null });
  assertEquals(protocol.text(1).length, 200_006);
});

test("SubprocessTransport.shutdown() kills at once when its signal aborts, and checks its options", async () => {
  const { transport, protocol } = await subprocessShell(make, "trap '' TERM; echo ready; cat");
  await protocol.untilText(1, "ready");
  const refused = await transport.shutdown({ grace: -1 }).catch((error) => error);
  assert(refused instanceof RangeError, String(refused));
  assertEquals(transport.returncode, null);
  const ended = transport.shutdown({ grace: 2 ** 40, signal: AbortSignal.abort() });
  assertEquals((await ended).signal, "SIGKILL");
});

test("SubprocessTransport.killGroup() reaches what the process has started, also after its exit", async () => {
  const { transport, protocol } = await subprocessShell(make, "cat <&3 & echo ready; exit 0", {
    startNewSession: true,
    extraStdio: ["piped"],
  });
  await protocol.untilText(1, "ready");
  await transport.exited;
  assertEquals(await stateOf(transport.closed), "pending");
  transport.killGroup();
  assertEquals((await transport.closed).code, 0);
  transport.killGroup("SIGTERM");
});

test("SubprocessTransport.killGroup() throws InvalidStateError without a group of its own", async () => {
  const { transport } = await subprocessExec(make, "true");
  assertThrows(() => transport.killGroup(), InvalidStateError, "startNewSession");
  await transport.closed;
});

test("SubprocessTransport.shutdown() ends the whole group of a process with startNewSession", async () => {
  const { transport, protocol } = await subprocessShell(
    make,
    "(trap '' TERM; cat <&3) & echo ready; wait",
    { startNewSession: true, extraStdio: ["piped"] },
  );
  await protocol.untilText(1, "ready");
  // The grandchild ignores SIGTERM and holds stdout: if it was left, closed would not come.
  assertEquals((await transport.shutdown()).signal, "SIGTERM");
});

test("await using ends the process at the end of the scope", async () => {
  let pid = 0;
  {
    const { transport } = await subprocessExec(make, "cat");
    await using process = transport;
    pid = process.pid;
    assert(isThere(pid));
  }
  assertEquals(isThere(pid), false);
});
