import { assert, assertEquals } from "@std/assert";
import { disturbanceText, parseMachineTotals } from "../../bench/harness/disturbance.ts";
import { parseCores } from "../../bench/harness/placement.ts";
import {
  cpuSecondsOf,
  memoryOf,
  parseAnonymousMemory,
  parseCpuSeconds,
  processTree,
} from "../../bench/harness/process_usage.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("parseCpuSeconds() adds user and system time, the children's included", () => {
  const fields = Array.from({ length: 49 }, (_, i) => String(1000 * (i + 4)));
  // Fields 14 to 17 of the line are utime, stime, cutime, cstime; the state is the third.
  fields.splice(10, 4, "150", "50", "20", "30");
  assertEquals(parseCpuSeconds(`1234 (a) b (c) S ${fields.join(" ")}`), 2.5);
});

Deno.test("parseAnonymousMemory() adds what is swapped out and nothing else", () => {
  const text =
    "55-7f ---p 0 [rollup]\nRss:  90 kB\nAnonymous:   4096 kB\nSwapPss: 7 kB\nSwap: 100 kB\n";
  assertEquals(parseAnonymousMemory(text), 4196);
  assertEquals(parseAnonymousMemory("Anonymous: 12 kB\n"), 12);
});

Deno.test("parseMachineTotals() leaves out idle and waiting time and keeps stolen time apart", () => {
  const text = "cpu  100 200 300 9000 8000 10 20 40 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
  assertEquals(parseMachineTotals(text), { busy: 6.3, stolen: 0.4 });
});

Deno.test("disturbanceText() calls a run noisy when others used the machine", () => {
  assertEquals(disturbanceText({ otherCores: 0.01, stolenCores: 0 }), "the machine was quiet");
  assertEquals(
    disturbanceText({ otherCores: 0.5, stolenCores: 0.25 }),
    "NOISY: other programs used 0.50 cores, its host took 0.25",
  );
  assertEquals(disturbanceText(null), "whether the machine was quiet is unknown");
});

Deno.test("parseCores() reads single cores and ranges", () => {
  assertEquals(parseCores("0-2,5\n"), [0, 1, 2, 5]);
  assertEquals(parseCores("7"), [7]);
  assertEquals(parseCores(""), []);
});

Deno.test("processTree() holds this process and the one that it started", onLinux, async () => {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  try {
    const tree = await processTree(Deno.pid);
    assertEquals(tree[0], Deno.pid);
    assert(tree.includes(child.pid));
    assertEquals(await processTree(child.pid), [child.pid]);
  } finally {
    await child.stdin.close();
    await child.status;
  }
});

Deno.test(
  "cpuSecondsOf() and memoryOf() read this process and give null for none",
  onLinux,
  async () => {
    assert((await cpuSecondsOf([Deno.pid]) ?? 0) > 0);
    assert((await memoryOf([Deno.pid]) ?? 0) > 1000);
    assertEquals(await cpuSecondsOf([]), null);
    assertEquals(await memoryOf([2 ** 30]), null);
  },
);
