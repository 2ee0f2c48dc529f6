import { assert, assertEquals } from "@std/assert";
import { fitScenarios, withBase } from "../../bench/harness/prepare.ts";
import { BASE_SERVER } from "../../bench/harness/server_program.ts";
import { SCENARIOS } from "../../bench/scenarios/catalogue.ts";
import { SERVERS } from "../../bench/servers/catalogue.ts";
import { COST, scenario } from "./report_rows.ts";

Deno.test("fitScenarios() takes out settings with more connections than files may be open", () => {
  const points = [10, 900, 10_000].map((value) => ({
    label: `${value}`,
    value,
    connections: value,
  }));
  const growth = { ...scenario("growth", [COST]), points: () => points };
  const fit = fitScenarios([growth, scenario("b", [COST])], false, 1000);
  assertEquals(fit.scenarios.map((one) => one.points(false).map(({ value }) => value)), [
    [10, 900],
    [0],
  ]);
  assertEquals(fit.leftOut, [
    { name: "growth (10000)", reason: "a process may open 1000 files only" },
  ]);
});

Deno.test("withBase() takes out scenarios whose base is not there, and no others", () => {
  const compared = { ...scenario("compared", [COST]), base: "theirs" };
  const all = [scenario("b", [COST]), compared];
  const server = { name: "theirs", label: "", own: false, commands: new Map() };
  assertEquals(withBase(all, [server]), { scenarios: all, leftOut: [] });
  assertEquals(withBase(all, []), {
    scenarios: all.slice(0, 1),
    leftOut: [{ name: "compared", reason: "theirs is not there to compare with" }],
  });
});

Deno.test("the catalogues name everything once and end in programs that exist", async () => {
  const servers = SERVERS.map(({ name }) => name);
  const scenarios = SCENARIOS.map(({ name }) => name);
  assertEquals(servers, [...new Set(servers)]);
  assertEquals(scenarios, [...new Set(scenarios)]);
  for (const [file] of SERVERS.flatMap(({ roles }) => Object.values(roles))) {
    await Deno.stat(new URL(`../../bench/servers/${file}`, import.meta.url));
  }
  for (const { name, role, base = BASE_SERVER } of SCENARIOS) {
    assert(SERVERS.some((one) => one.name === base && role in one.roles), `${name} has no base`);
  }
});
