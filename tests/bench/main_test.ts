import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { processTree } from "../../bench/harness/process_usage.ts";
import { parseReport, ratioSpread } from "../../bench/harness/report.ts";
import { testWith } from "../examples/outside_program.ts";

const MAIN = decodeURIComponent(new URL("../../bench/main.ts", import.meta.url).pathname);
const SHORT = ["--scenario", "b", "--window", "30"];

function command(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await command(args, env).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("bench --help and --list print what there is and end well", async () => {
  const help = await run(["--help"]);
  assertEquals(help.code, 0);
  for (const option of ["--only", "--scenario", "--rounds", "--quick", "--json", "--check"]) {
    assertStringIncludes(help.out, option);
  }
  const list = await run(["--list"]);
  assertEquals(list.code, 0);
  assertStringIncludes(list.out, "deno-raw");
  assertStringIncludes(list.out, "1 GiB");
});

Deno.test("bench ends with one line and code 2 for what it does not know", async () => {
  const { code, out, err } = await run(["--only", "perl"]);
  assertEquals({ code, out }, { code: 2, out: "" });
  assertStringIncludes(err, "Cannot choose server perl: known are deno-raw");
  assertEquals(err.trim().split("\n").length, 1);
});

Deno.test("bench --json - writes a report with a value for every round", async () => {
  const args = [...SHORT, "--only", "deno-raw", "--rounds", "2", "--json", "-"];
  const { code, out, err } = await run(args);
  assertEquals(code, 0, err);
  const { rows } = parseReport(out);
  assertEquals(rows.map(({ server }) => server), ["deno-raw", "deno-raw-again"]);
  for (const { figures, failure } of rows) {
    assertEquals(failure, null);
    const speeds = figures.messagesPerSecond ?? [];
    assertEquals(speeds.length, 2);
    assert(speeds.every((speed) => (speed ?? 0) > 0));
  }
  assertStringIncludes(err, "Deno raw loop");
  assertStringIncludes(err, "[4/4] done");
});

Deno.test("bench takes decoding to @std/streams, and decodes all there is", async () => {
  const args = ["--quick", "--scenario", "codecs", "--only", "sluice-*", "--json", "-"];
  const { code, out, err } = await run(args);
  assertEquals(code, 0, err);
  const { rows } = parseReport(out);
  assertEquals([...new Set(rows.map(({ server }) => server))], [
    "std-streams",
    "sluice-codecs",
    "sluice-decoder-streams",
  ]);
  for (const row of rows) {
    assertEquals(row.failure, null);
    assert((ratioSpread(rows, row, "messagesPerSecond")?.median ?? 0) > 0);
  }
});

testWith("redis-benchmark", "bench drives examples/redis and the real Redis", async () => {
  const args = ["--quick", "--scenario", "redis", "--json", "-"];
  const { code, out, err } = await run(args);
  assertEquals(code, 0, err);
  const { rows } = parseReport(out);
  assertEquals(rows.length, 4);
  for (const row of rows) {
    assertEquals(row.failure, null);
    assert((ratioSpread(rows, row, "requestsPerSecond")?.median ?? 0) > 0);
  }
});

Deno.test("bench names and leaves out what is not installed, and works without a compiler", async () => {
  const args = [...SHORT, "--only", "deno-raw,node,bun,c-epoll", "--rounds", "1"];
  const { code, out, err } = await run(args, { PATH: "/nonexistent" });
  assertEquals(code, 0, err);
  for (const line of ["Node net: node is not", "Bun.listen: bun is not", "C epoll: cc is not"]) {
    assertStringIncludes(out, `Left out: ${line} installed`);
  }
  const redis = await run(["--scenario", "redis"], { PATH: "/nonexistent" });
  assertEquals(redis.code, 0, redis.err);
  assertStringIncludes(redis.out, "Left out: Redis: redis-benchmark is not installed");
  assertStringIncludes(redis.out, "Left out: redis: redis-server is not there to compare with");
  assertStringIncludes(out, "Load generator: in TypeScript");
  assertStringIncludes(out, "Deno raw loop");
});

Deno.test("bench --check fails when a ratio got worse and passes when it did not", async () => {
  const folder = await Deno.makeTempDir();
  const baseline = `${folder}/baseline.json`;
  const args = [...SHORT, "--only", "sluice-protocol", "--rounds", "3"];
  try {
    const first = await run([...args, "--json", baseline]);
    assertEquals(first.code, 0, first.err);
    const text = await Deno.readTextFile(baseline);
    // Claims that we were a hundred times better, or worse, than we are.
    const claim = async (factor: number) => {
      const report = parseReport(text);
      const ours = report.rows.find(({ own }) => own)?.figures ?? {};
      const scale = (key: string, by: number) => {
        ours[key] = (ours[key] ?? []).map((value) => value === null ? null : value * by);
      };
      scale("messagesPerSecond", factor);
      if ("cpuPerMessageUs" in ours) scale("cpuPerMessageUs", 1 / factor);
      await Deno.writeTextFile(baseline, JSON.stringify(report));
      return await run([...args, "--check", "--baseline", baseline]);
    };
    const worse = await claim(100);
    assertEquals(worse.code, 1);
    assertStringIncludes(worse.out, "WORSE  Sluice Protocol in b: messages/s");
    const better = await claim(0.01);
    assertEquals(better.code, 0, better.out + better.err);
    assertStringIncludes(better.out, "0 worse beyond the noise, 0 not measured");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bench --check ends with code 2 without a baseline to compare with", async () => {
  const { code, err } = await run(["--check", "--baseline", "/nonexistent/baseline.json"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "Cannot check: /nonexistent/baseline.json does not exist");
});

Deno.test({
  name: "bench leaves no process behind on Ctrl-C",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const args = ["--only", "deno-raw", "--scenario", "b", "--window", "20000"];
    const child = command(args).spawn();
    const decoder = new TextDecoderStream();
    const printed = child.stdout.text();
    let told = "";
    for await (const text of child.stderr.pipeThrough(decoder)) {
      told += text;
      if (!told.includes("[0/")) continue;
      // The server and the load generator start now; both hang below the benchmark.
      let tree = await processTree(child.pid);
      while (tree.length < 3) tree = await processTree(child.pid);
      child.kill("SIGINT");
      assertEquals((await child.status).code, 130);
      for (const pid of tree) await gone(pid);
      break;
    }
    assertStringIncludes(await printed, "Versions: Deno");
    assertStringIncludes(told, "[0/");
  },
});

/** Waits until a process has ended; one that was killed may take a moment to disappear. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
    if (stat === null || /\) [ZX] /.test(stat)) return;
  }
}
