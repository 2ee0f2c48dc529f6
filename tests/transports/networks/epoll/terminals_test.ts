import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { createSubprocessExec } from "../../../../streams/processes/create_subprocess.ts";
import type { CreateSubprocessOptions } from "../../../../streams/processes/create_subprocess_options.ts";
import type { Process } from "../../../../streams/processes/process.ts";
import "../../../../transports/networks/epoll/epoll_network.ts";
import {
  openTerminalPair,
  type TerminalPair,
} from "../../../../transports/networks/epoll/libc/terminal_calls.ts";
import { openTerminal } from "../../../../transports/networks/epoll/terminals/open_terminal.ts";
import { connectProcess } from "../../../../transports/processes/connect_process.ts";
import { alone } from "../../../support/runs/alone_test.ts";
import { FailingLibc } from "../../../support/doubles/failing_libc.ts";
import { assertDescriptors, openDescriptors } from "../../../support/runs/open_descriptors.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { decode } from "../../../support/text.ts";
import "../../../support/runs/reactor_rests.ts";

const EMFILE = 24;
const ignore = Deno.build.os !== "linux";

/** A test after which the process has open what it had before. */
function test(name: string, fn: () => Promise<void> | void): void {
  const checked = alone(import.meta.url, name, async () => {
    const before = openDescriptors();
    await fn();
    await assertDescriptors(before);
  });
  testWith("python3", name, async () => ignore ? undefined : await checked());
}

/** Starts a program in a terminal of its own. */
function start(
  program: string,
  args: readonly string[],
  options: Partial<CreateSubprocessOptions> = {},
): Promise<Process> {
  const pipes = { stdin: "piped", stdout: "piped" } as const;
  const { pty = openTerminal() } = options;
  return createSubprocessExec(program, { args, ...pipes, ...options, pty });
}

/** Starts a program of Python in a terminal of its own. */
function startPython(
  lines: readonly string[],
  options?: Partial<CreateSubprocessOptions>,
): Promise<Process> {
  return start("python3", ["-u", "-c", lines.join("\n")], options);
}

test("openTerminal() gives a program a terminal that controls its session, of that size", async () => {
  await using process = await startPython([
    "import os, sys",
    "print([os.isatty(i) for i in range(3)])",
    "print(os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpgrp())",
    "print(os.ttyname(0) == os.ctermid() or os.stat('/dev/tty').st_rdev > 0)",
    "os.system('stty size')",
    "print('err', file=sys.stderr)",
    "print([os.readlink(f'/proc/self/fd/{fd}') for fd in range(3)].count(os.ttyname(0)))",
    "print('/dev/ptmx' in [os.path.realpath(f'/proc/self/fd/{fd}') for fd in range(300)])",
  ], { pty: openTerminal({ columns: 132, rows: 43 }) });
  const { stdout, code } = await process.communicate();
  const expected = "[True, True, True]|True True|True|43 132|err|3|False|";
  assertEquals([decode(stdout).replaceAll("\r\n", "|"), code], [expected, 0]);
});

test("Terminal.resize() tells the program, and Ctrl-C interrupts what is in the foreground", async () => {
  const terminal = openTerminal();
  await using process = await startPython([
    "import os, signal, sys",
    "from signal import SIGINT, SIGWINCH",
    // They wait to be taken: one that came just before a sleep would only be seen after it.
    "signal.pthread_sigmask(signal.SIG_BLOCK, {SIGINT, SIGWINCH})",
    "print('ready')",
    "signal.sigwait({SIGWINCH})",
    "print(*os.get_terminal_size())",
    "signal.sigwait({SIGINT})",
    "sys.exit(7)",
  ], { pty: terminal });
  assertEquals(await process.stdout.readline({ as: "text" }), "ready\r\n");
  terminal.resize({ columns: 100, rows: 50 });
  assertEquals(await process.stdout.readline({ as: "text" }), "100 50\r\n");
  process.stdin.write("\x03");
  assertEquals(decode(await process.stdout.read()), "^C");
  assertEquals(await process.wait(), 7);
  await process.closed;
  assertThrows(() => terminal.resize({ columns: 1, rows: 1 }), InvalidStateError, "closed");
});

test("A program in a terminal has its own exit code, signals and number", async () => {
  await using process = await startPython([
    "import os, time",
    "print(os.getpid())",
    "time.sleep(9)",
  ]);
  assertEquals(Number(await process.stdout.readline({ as: "text" })), process.pid);
  process.sendSignal("SIGUSR1");
  assertEquals(await process.wait(), -10);
});

test("All output of a program in a terminal comes, though it ends at once", async () => {
  const size = 120_000;
  for (let i = 0; i < 20; i++) {
    await using process = await start("head", ["-c", `${size}`, "/dev/zero"]);
    assertEquals((await process.communicate()).stdout.length, size);
  }
});

test("The end of stdin in a terminal is typed, and input is echoed", async () => {
  await using process = await start("cat", []);
  const { stdout, code } = await process.communicate("hello\n");
  assertEquals([decode(stdout), code], ["hello\r\nhello\r\n", 0]);
});

test("Output that is not read holds the program back, and nothing is lost", async () => {
  await using process = await start("seq", ["100000"]);
  let lines = 0;
  for await (const line of process.stdout.lines()) {
    if (Number(line) !== ++lines) throw new Error(`${line} is not ${lines}`);
  }
  assertEquals([lines, await process.wait()], [100_000, 0]);
});

test("Output ends when a child that has the terminal does, and the exit is known before", async () => {
  const line = "(trap '' HUP; read -r go; echo late) <&0 & exit 3";
  await using process = await start("sh", ["-c", line]);
  assertEquals(await process.wait(), 3);
  process.kill();
  await process.shutdown();
});

test("A missing program has exit code 127 in a terminal, and a message", async () => {
  await using process = await start("no-such-program", []);
  const { stdout, code } = await process.communicate();
  assertEquals(code, 127);
  assert(/no-such-program.*No such file/.test(decode(stdout)), decode(stdout));
});

test("connectProcess() with a terminal is one connection", async () => {
  let output = "";
  const ended = Promise.withResolvers<void>();
  const { transport, exited } = await connectProcess(
    () => ({
      dataReceived: (chunk) => void (output += decode(chunk)),
      connectionLost: () => ended.resolve(),
    }),
    "sh",
    {
      args: ["-c", "read -r a; echo <$a>; tty -s && exit 4".replace("<$a>", '"[$a]"')],
      pty: openTerminal(),
    },
  );
  transport.write("word\n");
  await ended.promise;
  assertEquals([output, (await exited).code], ["word\r\n[word]\r\n", 4]);
});

test("Arguments, folder and environment of a program in a terminal are as given", async () => {
  const args = ["-c", "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['A B'])"];
  await using process = await start("python3", [...args, "", "a b", "'$x'", '"', "ü"], {
    cwd: "/tmp",
    env: { "A B": "c" },
  });
  const { stdout } = await process.communicate();
  assertEquals(decode(stdout), `['', 'a b', "'$x'", '"', 'ü'] /tmp c\r\n`);
});

test("A program that runs as another user has the terminal", async () => {
  if (Deno.uid() !== 0) return;
  await using process = await start("sh", ["-c", "id -u; tty -s && echo yes"], { uid: 65_534 });
  assertEquals(decode((await process.communicate()).stdout), "65534\r\nyes\r\n");
});

test("A terminal is for one program, and is closed if there is none", async () => {
  const terminal = openTerminal();
  await using process = await start("true", [], { pty: terminal });
  await assertRejects(
    () => start("true", [], { pty: terminal }),
    InvalidStateError,
    "open another one",
  );
  await process.communicate();
  const unused = openTerminal();
  unused[Symbol.dispose]();
  await assertRejects(() => start("true", [], { pty: unused }), InvalidStateError, "is closed");
  const failing = openTerminal();
  await assertRejects(() => start("true", [], { pty: failing, cwd: "/nowhere" }));
  await assertRejects(() => start("true", [], { pty: failing }), InvalidStateError);
});

test("No call that fails leaves a terminal half open", () => {
  let calls = 1;
  for (let failing = 0; failing < calls; failing++) {
    const failingLibc = new FailingLibc((_, index) => index === failing ? EMFILE : 0);
    const { libc, open, faults } = failingLibc;
    let pair: TerminalPair | undefined;
    try {
      pair = openTerminalPair(libc);
    } catch (error) {
      assert(error instanceof Error && "code" in error, String(error));
    }
    calls = failingLibc.calls.length + 1;
    if (pair !== undefined) { for (const fd of [pair.master, pair.slave]) libc.close(fd); }
    assertEquals([[...open], faults], [[], []]);
  }
  assertEquals(calls, 6);
});

test("Invalid options of a terminal are refused before anything is started", async () => {
  assertThrows(() => openTerminal({ columns: 0, rows: 1 }), RangeError, "columns");
  assertThrows(() => openTerminal({ cols: 1 } as unknown as { columns: 1; rows: 1 }), TypeError);
  assertThrows(() => openTerminal({} as { columns: 1; rows: 1 }), TypeError, "columns");
  using terminal = openTerminal();
  assertThrows(() => terminal.resize({ rows: 1 } as { columns: 1; rows: 1 }), TypeError, "columns");
  for (
    const [option, words] of [[{ stdout: "inherit" }, "stdout"], [
      { stdin: "inherit" },
      "stdin",
    ]] as const
  ) {
    await assertRejects(() => start("true", [], { pty: terminal, ...option }), TypeError, words);
  }
  await assertRejects(
    () => start("true", [], { pty: {} as unknown as typeof terminal }),
    TypeError,
    "pty",
  );
});

test("A terminal whose input is full is closed with its program, though a child goes on", async () => {
  const line = "(trap '' HUP; echo ready; exec cat <&3) 3< FIFO & wait";
  const folder = await Deno.makeTempDir();
  await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
  await using process = await start("sh", ["-c", line.replace("FIFO", `${folder}/fifo`)]);
  // The child waits until this file is opened, and ends when it is closed.
  const release = await Deno.open(`${folder}/fifo`, { write: true });
  assertEquals(await process.stdout.readline({ as: "text" }), "ready\r\n");
  // More lines than a terminal keeps, so that there is no room to type the end.
  process.stdin.write(`${"x".repeat(99)}\n`.repeat(1000));
  process.kill();
  assertEquals(await process.wait(), -9);
  await process.shutdown();
  assertEquals(openDescriptors().filter((name) => name.startsWith("/dev/pt")), []);
  release.close();
  await Deno.remove(folder, { recursive: true });
});
