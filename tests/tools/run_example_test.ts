import { assertEquals, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "@std/streams";

import { readExamples, runExample } from "../../tools/run_example.ts";
import { makeTree, type TemporaryTree } from "./temporary_tree.ts";

const ECHO = `/**
 * Sends back what it is told. It
 * does so once.
 *
 * Run it: \`deno run --allow-env=HOME --allow-read examples/echo.ts --loud\`
 *
 * @module
 */
const reads = Deno.permissions.querySync({ name: "read" }).state;
const runs = Deno.permissions.querySync({ name: "run" }).state;
console.log(reads, runs, Deno.args.join(" "));
Deno.exit(7);
`;

const WAITING = `// Waits for a signal.
//
//     deno run examples/deep/waiting.ts
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    console.log(signal);
    Deno.exit(0);
  });
}
setInterval(() => {}, 1000);
console.log("ready");
`;

/** A project with examples and its own copy of the tool, which looks beside itself for them. */
async function makeExamples(): Promise<TemporaryTree & { folder: URL }> {
  const tool = new URL("../../tools/run_example.ts", import.meta.url);
  const tree = await makeTree({
    "tools/run_example.ts": await Deno.readTextFile(tool),
    "examples/echo.ts": ECHO,
    "examples/deep/waiting.ts": WAITING,
    "examples/part.ts": "// A part of echo: see `deno run examples/echo.ts`.\nexport {};",
    "examples/bare.ts": "export {};\n// deno run examples/bare.ts",
    "examples/data.json": "{}",
  });
  return { ...tree, folder: new URL("examples/", tree.root) };
}

function spawnTool(root: URL, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--allow-read", "--allow-run", "tools/run_example.ts", ...args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("readExamples() finds name, summary and flags in the headers", async () => {
  await using tree = await makeExamples();
  assertEquals(await readExamples(tree.folder), [
    { name: "deep/waiting", summary: "Waits for a signal.", flags: [] },
    {
      name: "echo",
      summary: "Sends back what it is told.",
      flags: ["--allow-env=HOME", "--allow-read"],
    },
  ]);
});

Deno.test("runExample() gives the exit code of the example", async () => {
  await using tree = await makeExamples();
  const example = { name: "echo", summary: "", flags: ["--no-config", "--quiet"] };
  assertEquals(await runExample(example, [], tree.folder), 7);
});

Deno.test("deno task example grants what the header names and hands the options on", async () => {
  await using tree = await makeExamples();
  const child = spawnTool(tree.root, "echo", "--port", "0");
  const [output, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  assertEquals(output, "granted prompt --port 0\n", error);
  assertEquals((await child.status).code, 7);
});

Deno.test("deno task example takes a path for the name", async () => {
  await using tree = await makeExamples();
  const child = spawnTool(tree.root, "examples/echo.ts");
  const [output] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  assertEquals(output, "granted prompt \n");
  assertEquals((await child.status).code, 7);
});

const LIST = "\n  deep/waiting             Waits for a signal.\n  echo   ";

for (const args of [[], ["--help"], [""]]) {
  Deno.test(`deno task example ${args.join(" ")} lists the examples`, async () => {
    await using tree = await makeExamples();
    const child = spawnTool(tree.root, ...args);
    const [output, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    assertStringIncludes(output, LIST);
    assertEquals([error, (await child.status).code], ["", 0]);
  });
}

for (const name of ["nope", "part"]) {
  Deno.test(`deno task example says that there is no "${name}"`, async () => {
    await using tree = await makeExamples();
    const child = spawnTool(tree.root, name);
    const [output, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    assertStringIncludes(error, `there is none with the name "${name}"`);
    assertStringIncludes(error, LIST);
    assertEquals([output, (await child.status).code], ["", 1]);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `deno task example hands ${signal} on and waits for the end`,
    ignore: Deno.build.os === "windows",
    async fn(): Promise<void> {
      await using tree = await makeExamples();
      const child = spawnTool(tree.root, "deep/waiting");
      const lines = child.stdout
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream())[Symbol.asyncIterator]();
      assertEquals((await lines.next()).value, "ready");
      child.kill(signal);
      assertEquals((await lines.next()).value, signal);
      assertEquals((await lines.next()).done, true);
      assertEquals(await child.stderr.text(), "");
      assertEquals((await child.status).code, 0);
    },
  });
}

Deno.test({
  name: "deno task example ends with the example's code when a signal reaches both at once",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-read",
        "--allow-run",
        "tools/run_example.ts",
        "echo_server",
        "--port=0",
      ],
      cwd: new URL("../../", import.meta.url),
      // The leader of a process group of its own.
      detached: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = child.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())[Symbol.asyncIterator]();
    while ((await lines.next()).value !== "stop with Ctrl-C");
    // A negative number names the process group.
    Deno.kill(-child.pid, "SIGINT");
    assertEquals((await lines.next()).value, "stopping, 0 connections to close");
    assertEquals((await lines.next()).done, true);
    assertEquals(await child.stderr.text(), "");
    assertEquals((await child.status).code, 0);
  },
});
