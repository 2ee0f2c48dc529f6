import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { processTree } from "../../bench/harness/process_usage.ts";
import type { Row } from "../../bench/harness/rows.ts";
import { SCENARIOS } from "../../bench/scenarios.ts";
import { SERVERS } from "../../bench/servers.ts";
import { hasProgram } from "../support/peers/outside_peer.ts";

const MAIN = new URL("../../bench/main.ts", import.meta.url).pathname;
const ignore = Deno.build.os !== "linux" || !hasProgram("cc", ["--version"]);

function command(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("bench prints one line and exits with code 2 for an unknown name", async () => {
  const { code, stdout, stderr } = await command(["--only", "perl"]).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [2, ""]);
  const text = new TextDecoder().decode(stderr);
  assertStringIncludes(text, 'Cannot choose "perl": the names are deno-raw, ');
  assertEquals(text.trim().split("\n").length, 1);
});

Deno.test("the names of servers and scenarios differ, and each kind has both", () => {
  for (const names of [SERVERS.map(({ name }) => name), SCENARIOS.map(({ name }) => name)]) {
    assertEquals(new Set(names).size, names.length);
  }
  const kinds = new Set(SERVERS.map(({ kind }) => kind));
  assertEquals(new Set(SCENARIOS.map(({ kind }) => kind)), kinds);
});

Deno.test({
  name: "bench measures servers of every kind, each beside the base of its kind",
  ignore,
  fn: async () => {
    const file = await Deno.makeTempFile();
    const only = "sluice-web,c-epoll,tls-sluice-native,redis-sluice";
    const scenario = "small,tls-small,redis-pipelined";
    // The figures of a window do not matter here; a window without any is made longer.
    const args = ["--only", only, "--scenario", scenario, "--rounds", "1", "--window", "1"];
    const { code, stdout, stderr } = await command([...args, "--json", file]).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const rows: Row[] = JSON.parse(await Deno.readTextFile(file)).rows;
    await Deno.remove(file);
    for (const { server, failure } of rows) assertEquals([server, failure], [server, null]);
    const measured = rows.map(({ server }) => server);
    const text = new TextDecoder().decode(stdout);
    for (const { name, label } of SERVERS) {
      const isWanted = only.split(",").includes(name);
      const isThere = measured.includes(name) || text.includes(`Left out: ${label}: `);
      assert(isThere || !isWanted, name);
    }
    for (const base of ["deno-raw", "tls-deno-raw"]) {
      assert(measured.includes(base) && measured.includes(`${base}-again`), base);
    }
    assertStringIncludes(text, "noise, the base against itself: messages/s");
  },
});

Deno.test({
  name: "bench leaves no process behind on Ctrl-C",
  ignore,
  fn: async () => {
    const args = ["--only", "deno-raw", "--scenario", "small", "--window", "20000"];
    const child = command(args).spawn();
    const printed = child.stdout.text();
    let told = "";
    let tree: number[] = [];
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (!told.includes("round 1") || tree.length > 0) continue;
      // The server and the load generator start now; both are below the benchmark.
      while (tree.length < 3) tree = await processTree(child.pid);
      child.kill("SIGINT");
    }
    assertEquals((await child.status).code, 130);
    for (const pid of tree) await gone(pid);
    assertStringIncludes(await printed, "Versions: Deno");
  },
});

/** Resolves when a process has ended; one that was killed may take a moment to disappear. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
    if (stat === null || /\) [ZX] /.test(stat)) return;
  }
}
