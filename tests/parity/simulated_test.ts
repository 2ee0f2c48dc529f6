/**
 * Runs the scenarios on the network of `simulate()`, each in a world of its own: what asyncio and
 * this library do over real sockets, they do there.
 *
 * @module
 */
import { assert } from "@std/assert";
import { simulate } from "@sluice/net/testing";
import { assertTrace, expectedTrace } from "./compare.ts";
import { runScenario } from "./running/runner.ts";
import type { Scenario, Trace } from "./running/scenario.ts";

/** In a world the path of a Unix socket is a name, and no file. */
const ABOUT_FILES: readonly string[] = [
  "unix: a directory that does not exist",
  "unix: a file that took the place of ours is left alone",
  "unix: a server that took the place of ours is left alone",
  "unix: a socket that is in use",
  "unix: a stale socket file is replaced",
  "unix: an ordinary file is not replaced",
  "unix: close removes the socket file",
  "unix: connect to a stale socket file",
  "unix: connect to an ordinary file",
  "unix: the path again after close",
  "unix: the socket file was removed before close",
];

const here = new URL(".", import.meta.url);
const left = new Set(ABOUT_FILES);

for (const { name: theme } of Deno.readDirSync(new URL("scenarios/", here))) {
  const { scenarios } = readJson<{ scenarios: Scenario[] }>(`scenarios/${theme}`);
  const { traces } = readJson<{ traces: Record<string, Trace> }>(`recorded/${theme}`);
  for (const scenario of scenarios) {
    const { name } = scenario;
    // Raw ends are sockets of node:net, which a world refuses.
    const isRaw = JSON.stringify(scenario).includes('"raw"');
    if (left.delete(name) || isRaw) continue;
    Deno.test(`simulated parity: ${theme.replace(".json", "")}: ${name}`, async () => {
      const { value } = await simulate(() => runScenario(scenario));
      assertTrace(value, expectedTrace(scenario, traces[name] ?? {}));
    });
  }
}

Deno.test("simulated parity: every scenario that is left out exists", () => {
  assert(left.size === 0, [...left].join(", "));
});

/** Reads a file of this folder, whose shape is taken at its word. */
function readJson<T>(path: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(path, here)));
}
