import { assert, assertEquals } from "@std/assert";
import { Children } from "../../bench/harness/children.ts";
import { prime, type ReadyServer, runPlan } from "../../bench/harness/measure.ts";
import {
  cpuSecondsOf,
  parseAnonymousMemory,
  parseCpuSeconds,
  processTree,
} from "../../bench/harness/process_usage.ts";
import type { Scenario, Values } from "../../bench/scenarios.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("prime() opens a connection, exchanges a message and closes it before it resolves", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const events: string[] = [];
  const serving = (async () => {
    using conn = await listener.accept();
    events.push("came");
    const buffer = new Uint8Array(64);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      events.push("spoke");
      await conn.write(buffer.subarray(0, n));
    }
    events.push("went");
  })();
  await prime(listener.addr.port, "plain");
  events.push("primed");
  await serving;
  assertEquals(events, ["came", "spoke", "went", "primed"]);
});

/** A server in a process of its own that tells how many connections ended before this one. */
const COUNTING = `
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log("listening on 127.0.0.1:" + listener.addr.port);
  let ended = 0;
  for await (const conn of listener) {
    (async () => {
      const buffer = new Uint8Array(64);
      while (await conn.read(buffer) !== null) await conn.write(new Uint8Array([ended]));
      ended++;
      conn.close();
    })();
  }`;

for (const needsFresh of [false, true]) {
  const which = needsFresh ? "fresh in each round" : "the same in all rounds";
  Deno.test(
    `runPlan() measures in rounds over the servers, primed and ${which}`,
    onLinux,
    async () => {
      const children = new Children();
      const server = (name: string): ReadyServer => {
        const command = [Deno.execPath(), "eval", COUNTING];
        return { name, label: name, kind: "plain", isOwn: true, command };
      };
      const seen: [ended: number, isWarm: boolean][] = [];
      const scenario: Scenario = {
        name: "s",
        column: "",
        title: "",
        kind: "plain",
        figures: ["turn"],
        isQuick: true,
        needsFresh,
        async measure({ port, isWarm }): Promise<Values> {
          using conn = await Deno.connect({ hostname: "127.0.0.1", port });
          await conn.write(new Uint8Array(1));
          const buffer = new Uint8Array(1);
          await conn.read(buffer);
          const turn = seen.push([buffer[0] ?? 0, isWarm]);
          await conn.closeWrite();
          while (await conn.read(buffer) !== null); // until the server has counted its end
          return { turn };
        },
      };
      const rows = await runPlan({
        scenarios: [scenario],
        servers: [server("a"), server("b")],
        rounds: 2,
        windowMs: 1,
        children,
        load: [],
        cores: { server: null, load: null },
        progress: () => {},
      });
      assertEquals(rows.map(({ failure }) => failure), [null, null]);
      const second: [number, boolean] = needsFresh ? [1, false] : [2, true];
      assertEquals(seen, [[1, false], [1, false], second, second]);
      assertEquals(rows.map(({ figures }) => figures.turn), [[1, 3], [2, 4]]);
    },
  );
}

Deno.test("parseCpuSeconds() adds user and system time, the children's included", () => {
  const fields = Array.from({ length: 49 }, (_, i) => String(1000 * (i + 4)));
  // Fields 14 to 17 of the line are utime, stime, cutime, cstime; the state is the third.
  fields.splice(10, 4, "150", "50", "20", "30");
  assertEquals(parseCpuSeconds(`1234 (a) b (c) S ${fields.join(" ")}`), 2.5);
});

Deno.test("parseAnonymousMemory() adds what is swapped out and nothing else", () => {
  const text = "Rss:  90 kB\nAnonymous:   4096 kB\nSwapPss: 7 kB\nSwap: 100 kB\n";
  assertEquals(parseAnonymousMemory(text), 4196);
});

Deno.test("processTree() holds a process and the one that it started", onLinux, async () => {
  await using child = new Children().start(["cat"]);
  const tree = await processTree(Deno.pid);
  assert(tree.includes(Deno.pid) && tree.includes(child.pid));
  assert(await cpuSecondsOf([Deno.pid]) > 0);
});
