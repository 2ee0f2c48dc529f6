import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  failuresOf,
  medianOf,
  noiseOf,
  ratiosOf,
  type Row,
  spreadOf,
} from "../../bench/harness/rows.ts";
import { formatNumber, formatOverview, formatTable } from "../../bench/harness/tables.ts";
import type { Scenario } from "../../bench/scenarios.ts";

function row(server: string, speed: number[], more: Partial<Row> = {}): Row {
  const names = { scenario: "s", server, label: server, isOwn: server === "ours" };
  return { ...names, figures: { speed }, note: null, failure: null, ...more };
}

const RAW = row("raw", [100, 200]);
const SCENARIO: Scenario = {
  name: "s",
  column: "column",
  title: "title",
  kind: "plain",
  figures: ["speed"],
  isQuick: false,
  measure: () => Promise.resolve({}),
};

Deno.test("medianOf() sorts as numbers and takes the mean of the two in the middle", () => {
  assertEquals(medianOf([10, 9, 100]), 10);
  assertEquals(medianOf([4, 1, 100, 2]), 3);
  assertEquals(medianOf([]), NaN);
});

Deno.test("spreadOf() is half the range as a share of the median, unknown for one value", () => {
  assertEquals(spreadOf([10, 9, 12]), 0.15);
  assertEquals(spreadOf([10]), NaN);
});

Deno.test("ratiosOf() divides each round by the base of the same round", () => {
  assertEquals(ratiosOf([RAW, row("ours", [50, 300])], row("ours", [50, 300]), "speed"), [
    0.5,
    1.5,
  ]);
});

Deno.test("noiseOf() is the greatest distance of the second base from the first", () => {
  assertAlmostEquals(noiseOf([RAW, row("raw-again", [110, 160])], "speed"), 0.2);
  assertEquals(noiseOf([RAW], "speed"), NaN);
});

Deno.test("failuresOf() names failures of ours and wrong answers of any server", () => {
  const failures = failuresOf([
    row("ours", [], { failure: "closed" }),
    row("peer", [], { failure: "closed" }),
    row("peer", [], { failure: "WRONG ANSWER: byte 1" }),
    row("ours", []),
  ]);
  assertEquals(failures, ["ours in s: closed", "peer in s: WRONG ANSWER: byte 1"]);
});

Deno.test("formatTable() shows medians, ratios, remarks and the noise", () => {
  const rows = [RAW, row("ours", [50, 150], { note: "slow" }), row("raw-again", [110, 200])];
  assertEquals(
    formatTable(rows, SCENARIO),
    [
      "column: title",
      "           speed  ratio",
      "  raw   150 ±33%",
      "  ours  100 ±50%  0.63x  (slow)",
      "  noise, the base against itself: speed ±10%",
      "",
    ].join("\n"),
  );
});

Deno.test("formatOverview() has the base's figure, ratios, failures and the noise", () => {
  const rows = [RAW, row("ours", [50, 150]), row("peer", []), row("raw-again", [110, 200])];
  assertEquals(
    formatOverview(rows, [SCENARIO]).split("\n").slice(2),
    ["| raw | 150 speed |", "| ours | 0.63 |", "| peer | failed |", "| noise | ±10% |", ""],
  );
});

Deno.test("formatNumber() writes three digits that count", () => {
  const numbers = [0.456, 9.996, 62.34, 99.96, 9999, 164_812, 999_600];
  const texts = ["0.46", "10.0", "62.3", "100", "10.0k", "165k", "1.00M"];
  assertEquals(numbers.map(formatNumber), texts);
});
