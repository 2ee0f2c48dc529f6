import { assert, assertEquals, assertRejects } from "@std/assert";
import { closeSync, openSync } from "node:fs";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { subprocessExec, subprocessShell } from "../../../transports/processes/subprocess.ts";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import { posixTest as test } from "../../support/runs/posix_test.ts";
import { RecordingChild } from "./recording_child.ts";

const make = () => new RecordingChild();

test("stdin, stdout and stderr may be files, which are replaced or added to", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/in`, "from the file\n");
  await Deno.writeTextFile(`${folder}/err`, "before\n");
  await Deno.writeTextFile(`${folder}/out`, "this is longer than what replaces it\n");
  const { transport } = await subprocessShell(make, "cat; echo complaint >&2", {
    stdin: { path: `${folder}/in` },
    stdout: { path: new URL(`file://${folder}/out`) },
    stderr: { path: `${folder}/err`, append: true },
  });
  assertEquals([0, 1, 2].map((fd) => transport.getPipeTransport(fd)), [null, null, null]);
  assertEquals((await transport.closed).code, 0);
  assertEquals(await Deno.readTextFile(`${folder}/out`), "from the file\n");
  assertEquals(await Deno.readTextFile(`${folder}/err`), "before\ncomplaint\n");
  await Deno.remove(folder, { recursive: true });
});

test("A descriptor may be a number of ours, from 0 to 2 and beyond", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "twice");
  const [first, second] = [openSync(path, "r"), openSync(path, "r")];
  const { transport, protocol } = await subprocessShell(make, "cat; cat <&3", {
    stdin: first,
    extraStdio: [second],
  });
  await transport.closed;
  closeSync(first);
  closeSync(second);
  assertEquals(protocol.text(1), "twicetwice");
  await Deno.remove(path);
});

test("A process writes straight into the stdin of another one, which sees its end", async () => {
  const upper = await subprocessExec(make, "tr", { args: ["a-z", "A-Z"], stdin: "shared" });
  assertEquals(upper.transport.getPipeTransport(0), null);
  const { transport } = await subprocessShell(make, "echo out; echo err >&2", {
    stdout: upper.transport,
    stderr: upper.transport,
  });
  assertEquals([1, 2].map((fd) => transport.getPipeTransport(fd)), [null, null]);
  await transport.closed;
  assertEquals((await upper.transport.closed).code, 0);
  assertEquals(upper.protocol.text(1), "OUT\nERR\n");
});

test("A shared stdin is given away once, and only by a process that has one", async () => {
  const { transport } = await subprocessExec(make, "cat", { stdin: "shared" });
  const plain = await subprocessExec(make, "cat");
  const writer = await subprocessExec(make, "true", { stdout: transport });
  await assertRejects(
    () => subprocessExec(make, "true", { stdout: transport }),
    InvalidStateError,
    "was given to another process",
  );
  await assertRejects(
    () => subprocessExec(make, "true", { stdout: plain.transport }),
    InvalidStateError,
    "not started with stdin",
  );
  plain.transport.close();
  await Promise.all([transport.closed, writer.transport.closed, plain.transport.closed]);
});

test("A shared stdin is given to one of two processes that are started at once", async () => {
  const { transport, protocol } = await subprocessExec(make, "cat", { stdin: "shared" });
  const start = (word: string) => subprocessShell(make, `echo ${word}`, { stdout: transport });
  const [first, second] = await Promise.allSettled([start("one"), start("two")]);
  assertEquals([first.status, second.status], ["fulfilled", "rejected"]);
  if (first.status === "fulfilled") await first.value.transport.closed;
  await transport.closed;
  assertEquals(protocol.text(1), "one\n");
});

test("A shared stdin is for stdout and stderr of one process alike, and not for one that comes too late", async () => {
  const { transport, protocol } = await subprocessExec(make, "cat", { stdin: "shared" });
  const both = { stdout: transport, stderr: transport } as const;
  const writer = await subprocessShell(make, "echo out; echo err >&2", both);
  await Promise.all([transport.closed, writer.transport.closed]);
  assertEquals(protocol.text(1), "out\nerr\n");
  const ended = await subprocessExec(make, "true", { stdin: "shared" });
  await ended.transport.closed;
  await assertRejects(
    () => subprocessExec(make, "true", { stdout: ended.transport }),
    InvalidStateError,
    "the process has ended",
  );
});

test("A program that cannot be started leaves the shared stdin for another one", async () => {
  const { transport, protocol } = await subprocessExec(make, "cat", { stdin: "shared" });
  await assertRejects(
    () => subprocessExec(make, "no-such-program", { stdout: transport }),
    Deno.errors.NotFound,
  );
  const writer = await subprocessShell(make, "echo still there", { stdout: transport });
  await Promise.all([transport.closed, writer.transport.closed]);
  assertEquals(protocol.text(1), "still there\n");
});

test("A shared stdin that is not given away ends with the transport", async () => {
  const { transport } = await subprocessExec(make, "cat", { stdin: "shared" });
  assertEquals((await transport.shutdown()).signal, "SIGTERM");
});

test("env adds to our variables, clearEnv leaves them out, with three descriptors and with four", async () => {
  for (const extraStdio of [[], ["null"]] as const) {
    const lines = await Promise.all([false, true].map(async (clearEnv) => {
      const { transport, protocol } = await subprocessExec(make, "/usr/bin/env", {
        env: { SLUICE_A: "ä b", SLUICE_B: "" },
        clearEnv,
        extraStdio,
      });
      await transport.closed;
      return protocol.text(1).trim().split("\n");
    }));
    const [added, cleared] = lines;
    assert(added?.includes("SLUICE_A=ä b") && added.some((line) => line.startsWith("PATH=")));
    assertEquals(cleared?.toSorted(), ["SLUICE_A=ä b", "SLUICE_B="]);
  }
});

test("cwd may be a path or a URL", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  for (const cwd of [folder, new URL(`file://${folder}`)]) {
    const { transport, protocol } = await subprocessExec(make, "pwd", { cwd });
    await transport.closed;
    assertEquals(protocol.text(1), `${folder}\n`);
  }
  await Deno.remove(folder);
});

if (Deno.build.os !== "windows" && Deno.uid() === 0) {
  test("uid and gid choose who the process runs as, with three descriptors and with four", async () => {
    for (const extraStdio of [[], ["null"]] as const) {
      const { transport, protocol } = await subprocessShell(make, "id -u; id -g", {
        uid: 65_534,
        gid: 65_533,
        cwd: "/",
        extraStdio,
      });
      await transport.closed;
      assertEquals(protocol.text(1), "65534\n65533\n");
    }
  });
}

if (hasProgram("script", ["--version"])) {
  test("pty gives the program a terminal of that size, and its exit code", async () => {
    const { transport, protocol } = await subprocessShell(
      make,
      "test -t 0 && test -t 1 && test -t 2 && stty size; exit 3",
      { pty: { columns: 132, rows: 43 } },
    );
    assertEquals((await transport.closed).code, 3);
    assertEquals(protocol.text(1), "43 132\r\n");
  });

  test("pty passes arguments as they are, with every kind of character", async () => {
    const words = ["it's", 'a "word"', "$HOME `id` \\", "two\nlines", "*", ""];
    const { transport, protocol } = await subprocessExec(make, "printf", {
      args: ["[%s]", ...words],
      pty: true,
    });
    await transport.closed;
    assertEquals(protocol.text(1).replaceAll("\r", ""), words.map((word) => `[${word}]`).join(""));
  });

  test("pty: what is typed is echoed, and reaches the program line by line", async () => {
    const { transport, protocol } = await subprocessShell(make, 'read name; echo "hello $name"', {
      pty: true,
    });
    transport.getPipeTransport(0)?.write("Ada\n");
    await transport.closed;
    assertEquals(protocol.text(1), "Ada\r\nhello Ada\r\n");
  });

  test("pty: close() ends the program as well", async () => {
    const { transport, protocol } = await subprocessShell(make, "echo $$; exec cat", { pty: true });
    await protocol.untilText(1, "\n");
    const pid = protocol.text(1).trim();
    transport.close();
    await transport.closed;
    const tail = await subprocessExec(make, "tail", {
      args: [`--pid=${pid}`, "-s", "0.01", "-f", "/dev/null"],
    });
    assertEquals((await tail.transport.closed).code, 0);
  });
}
