import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import {
  compareReports,
  formatComparison,
  LEAST_TOLERANCE,
  poolRows,
  tolerance,
  worsening,
  worseOnes,
} from "../../bench/harness/check.ts";
import type { Row } from "../../bench/harness/report.ts";
import { COST, report, REST, row, scenario, SPEED } from "./report_rows.ts";

const SCENARIOS = [scenario("s", [SPEED, COST, REST])];

/** The raw loop at 100 in every figure, so that a ratio is a value divided by 100. */
function rows(ours: Record<string, (number | null)[]>, again = [100, 100, 100]): Row[] {
  const raw = [100, 100, 100];
  return [
    row("deno-raw", { speed: raw, cost: raw, rest: raw }),
    row("ours", ours),
    row("deno-raw-again", { speed: again, cost: again, rest: again }),
  ];
}

Deno.test("worsening() is positive for less of what should be more", () => {
  assertAlmostEquals(worsening("higher", 1, 0.8), 0.25);
  assertAlmostEquals(worsening("higher", 0.8, 1), -0.2);
});

Deno.test("worsening() is positive for more of what should be less", () => {
  assertAlmostEquals(worsening("lower", 0.8, 1), 0.25);
  assertAlmostEquals(worsening("lower", 1, 0.8), -0.2);
});

Deno.test("tolerance() adds the noise of both runs", () => {
  const before = { median: 1, low: 0.9, high: 1.1, count: 3 };
  const now = { median: 2, low: 1.9, high: 2.1, count: 3 };
  assertAlmostEquals(tolerance(before, now, null), 0.15);
});

Deno.test("tolerance() is never below the least, nor below the raw loop against itself", () => {
  const calm = { median: 1, low: 1, high: 1, count: 3 };
  assertEquals(tolerance(calm, calm, null), LEAST_TOLERANCE);
  assertEquals(tolerance(calm, calm, 0.3), 0.3);
});

Deno.test("compareReports() finds what got worse by more than the noise", () => {
  const before = report(...rows({ speed: [90, 90, 90], cost: [100, 100, 100] }));
  const now = rows({ speed: [80, 80, 80], cost: [104, 104, 104] });
  const { comparisons, missing } = compareReports(before, now, SCENARIOS);
  assertEquals(missing, []);
  assertEquals(comparisons.length, 2);
  assertEquals(worseOnes(comparisons).map(({ figure }) => figure.key), ["speed"]);
});

Deno.test("compareReports() tolerates the same loss when the rounds lie further apart", () => {
  const before = report(...rows({ speed: [84, 90, 96], cost: [100, 100, 100] }));
  const now = rows({ speed: [75, 80, 85], cost: [100, 100, 100] });
  assertEquals(worseOnes(compareReports(before, now, SCENARIOS).comparisons), []);
});

Deno.test("compareReports() tolerates the same loss when the raw loop differs from itself", () => {
  const before = report(...rows({ speed: [90, 90, 90], cost: [100, 100, 100] }));
  const now = rows({ speed: [80, 80, 80], cost: [100, 100, 100] }, [100, 115, 100]);
  assertEquals(worseOnes(compareReports(before, now, SCENARIOS).comparisons), []);
});

Deno.test("compareReports() is not deceived by a machine of another speed", () => {
  const before = report(...rows({ speed: [90, 90, 90], cost: [110, 110, 110] }));
  const slow = [50, 50, 50];
  const now = [
    row("deno-raw", { speed: slow, cost: slow }),
    row("ours", { speed: [45, 45, 45], cost: [55, 55, 55] }),
  ];
  assertEquals(compareReports(before, now, SCENARIOS).comparisons.map(({ worse }) => worse), [
    0,
    0,
  ]);
});

Deno.test("compareReports() calls missing what it cannot compare, one round included", () => {
  const before = report(...rows({ speed: [90, 90, 90], cost: [100, 100, 100] }));
  const now = rows({ speed: [50, null, null], cost: [null, null, null] });
  const { comparisons, missing } = compareReports(before, now, SCENARIOS);
  assertEquals(comparisons, []);
  assertEquals(missing.length, 2);
});

Deno.test("compareReports() looks at our servers in the scenarios of this run only", () => {
  const before = report(
    ...rows({ speed: [90, 90, 90] }),
    row("peer", { speed: [90, 90, 90] }),
    row("ours", { speed: [90, 90, 90] }, { scenario: "other" }),
  );
  const now = [...rows({ speed: [90, 90, 90] }), row("peer", { speed: [1, 1, 1] })];
  const { comparisons, missing } = compareReports(before, now, SCENARIOS);
  assertEquals(comparisons.map((one) => one.row.server), ["ours"]);
  assertEquals(missing, []);
});

Deno.test("poolRows() puts the rounds of both runs together, base and server alike", () => {
  const first = rows({ speed: [80, 90, 100] });
  const second = rows({ speed: [110, 120, 130] });
  const [raw, ours] = poolRows(first, second);
  assertEquals(raw?.figures.speed, [100, 100, 100, 100, 100, 100]);
  assertEquals(ours?.figures.speed, [80, 90, 100, 110, 120, 130]);
});

Deno.test("formatComparison() names server, scenario, figure, both ratios and the tolerance", () => {
  const before = report(...rows({ speed: [90, 90, 90] }));
  const [first] = compareReports(before, rows({ speed: [60, 60, 60] }), SCENARIOS).comparisons;
  if (first === undefined) throw new Error("Cannot compare: nothing was found");
  const text = formatComparison(first);
  assertStringIncludes(text, "ours in s: speed 0.60x, was 0.90x: 50 % worse, 5 % tolerated");
});
