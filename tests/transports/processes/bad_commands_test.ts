import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { subprocessExec, subprocessShell } from "../../../transports/processes/subprocess.ts";
import { connectProcess } from "../../../transports/processes/connect_process.ts";
import { posixTest as test } from "../../support/runs/posix_test.ts";
import { runFixture } from "./run_fixture.ts";

/** An invalid program and its options, the class of the error, and a part of the text. */
const BAD: readonly [string, unknown, unknown, new (...args: never[]) => Error, string][] = [
  ["a program that is missing", "no-such-program", {}, Deno.errors.NotFound, "run no-such-program"],
  [
    "one that is missing, with a fourth descriptor",
    "no-such-program",
    { extraStdio: ["piped"] },
    Deno.errors.NotFound,
    "Cannot run no-such-program",
  ],
  [
    "a file that is not a program",
    "/etc/passwd",
    {},
    Deno.errors.PermissionDenied,
    "run /etc/passwd",
  ],
  [
    "one that is no program, with a fourth descriptor",
    "/etc/passwd",
    { extraStdio: ["piped"] },
    Deno.errors.PermissionDenied,
    "Cannot run /etc/passwd",
  ],
  ["a folder that is missing", "true", { cwd: "/no/folder" }, Deno.errors.NotFound, "/no/folder"],
  ["a folder that is a file", "true", { cwd: "/etc/passwd" }, Deno.errors.NotFound, "/etc/passwd"],
  ["no program", "", {}, TypeError, "is empty"],
  ["a program with a NUL", "tr\0ue", {}, TypeError, "holds a NUL"],
  ["a list for a program", ["ls", "-l"], {}, TypeError, "goes into args"],
  ["an argument with a NUL", "true", { args: ["ok", "a\0b"] }, TypeError, "args[1]"],
  ["an argument that is a number", "true", { args: [5] }, TypeError, "args[0] 5 is not a string"],
  ["arguments that are no list", "true", { args: "-l" }, TypeError, "is not a list"],
  ["a variable that is a number", "true", { env: { A: 5 } }, TypeError, "env.A 5 is not a string"],
  ["a variable with a NUL", "true", { env: { A: "a\0" } }, TypeError, "env.A"],
  ["a variable whose name has an =", "true", { env: { "A=B": "" } }, TypeError, "not the name"],
  ["a variable without a name", "true", { env: { "": "" } }, TypeError, "not the name"],
  ["a folder with a NUL", "true", { cwd: "/\0" }, TypeError, "holds a NUL"],
  ["an unknown option", "true", { shell: true }, TypeError, 'no option "shell"'],
  ["a misspelt option", "true", { clearenv: true }, TypeError, 'did you mean "clearEnv"?'],
  ["a user that is a name", "true", { uid: "root" }, TypeError, "uid"],
  ["a user below zero", "true", { uid: -1 }, RangeError, "uid"],
  ["a user that is none", "true", { uid: 0xffff_ffff }, RangeError, "uid"],
  ["a group beyond all numbers", "true", { gid: 2 ** 53 }, RangeError, "gid"],
  ["a terminal without rows", "true", { pty: { columns: 80 } }, TypeError, "pty.rows is missing"],
  [
    "a terminal that is too wide",
    "true",
    { pty: { columns: 1e6, rows: 1 } },
    RangeError,
    "columns",
  ],
];

/** The same for what only `subprocessExec` takes. */
const BAD_STDIO: typeof BAD = [
  ["a descriptor beyond all numbers", "true", { stdin: 2 ** 31 }, RangeError, "stdin"],
  ["an unknown kind of stdin", "cat", { stdin: "pipe" }, TypeError, "piped"],
  ["a shared stdout", "cat", { stdout: "shared" }, TypeError, "stdout"],
  ["a descriptor below zero", "cat", { stdin: -1 }, RangeError, "not a descriptor"],
  ["a descriptor that is not open", "cat", { stdin: 999 }, Error, "Cannot run cat: Bad file"],
  [
    "a file that is missing",
    "cat",
    { stdin: { path: "/no/file" } },
    Deno.errors.NotFound,
    "Cannot run cat: Cannot open /no/file: ",
  ],
  [
    "a folder that is missing, for its output",
    "cat",
    { extraStdio: [{ path: "/no/file" }] },
    Deno.errors.NotFound,
    "Cannot run cat: Cannot open /no/file: ",
  ],
  ["a file that is none", "cat", { stdin: { path: 5 } }, TypeError, "is not a path"],
  ["a signal that is none", "cat", { signal: {} }, TypeError, "signal"],
  ["a limit out of range", "cat", { maxWriteBuffer: -1 }, RangeError, "maxWriteBuffer"],
];

async function failureOf(start: () => Promise<unknown>): Promise<unknown> {
  try {
    await start();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was refused");
}

for (const [what, program, options, Class, text] of [...BAD, ...BAD_STDIO]) {
  test(`subprocessExec() refuses ${what}`, async () => {
    const error = await failureOf(() =>
      Reflect.apply(subprocessExec, null, [() => ({}), program, options])
    );
    assert(error instanceof Class, String(error));
    assertStringIncludes(error.message, text);
  });
}

for (const [what, program, options, Class, text] of BAD) {
  if (String(what).includes("fourth")) continue;
  test(`connectProcess() refuses ${what}`, async () => {
    const error = await failureOf(() =>
      Reflect.apply(connectProcess, null, [() => ({}), program, options])
    );
    assert(error instanceof Class, String(error));
    assertStringIncludes(error.message, text);
  });
}

test("subprocessShell() refuses a command that is not a string, and args", async () => {
  for (
    const [command, options] of [["", {}], [null, {}], [["ls"], {}], ["ls", { args: [] }], [
      "ls",
      null,
    ]]
  ) {
    const error = await failureOf(() =>
      Reflect.apply(subprocessShell, null, [() => ({}), command, options])
    );
    assert(error instanceof TypeError, String(error));
  }
});

test("subprocessExec() refuses a factory that makes no protocol, and starts nothing", async () => {
  const marker = await Deno.makeTempFile();
  for (const factory of [null, class {}, () => null, () => Promise.resolve({})]) {
    const error = await failureOf(() =>
      Reflect.apply(subprocessExec, null, [factory, "rm", { args: [marker] }])
    );
    assert(error instanceof TypeError, String(error));
  }
  await Deno.remove(marker);
});

test("subprocessExec() names --allow-run and the program where it may not run it", async () => {
  const { lines } = await runFixture("denied_program.ts", ["--allow-run=true", "--allow-env"], []);
  assertEquals(lines.length, 2);
  for (const line of lines) {
    assertStringIncludes(line, "NotCapable: Cannot run sleep: ");
    assertStringIncludes(line, "--allow-run=sleep is enough");
  }
});

test("subprocessExec() needs --allow-run=PROGRAM, and --allow-env for more than three descriptors", async () => {
  const { lines: [three, four = ""] } = await runFixture(
    "denied_program.ts",
    ["--allow-run=sleep"],
    [],
  );
  assertEquals(three, "0");
  assertStringIncludes(four, "NotCapable: Cannot run sleep: ");
  assertStringIncludes(four, "need --allow-env");
});
