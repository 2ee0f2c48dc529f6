import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  controlNoise,
  formatReport,
  isBase,
  parseReport,
  ratioSpread,
} from "../../bench/harness/report.ts";
import { failuresOf } from "../../bench/harness/run.ts";
import { columns, formatNumber } from "../../bench/harness/table.ts";
import { report, row } from "./report_rows.ts";

const RAW = row("deno-raw", { speed: [100, 200] });

Deno.test("ratioSpread() takes each round to the raw loop of the same round", () => {
  const ours = row("ours", { speed: [50, 300] });
  assertEquals(ratioSpread([RAW, ours], ours, "speed"), {
    median: 1,
    low: 0.5,
    high: 1.5,
    count: 2,
  });
});

Deno.test("ratioSpread() does not mix settings of one scenario", () => {
  const ours = row("ours", { speed: [50, 300] }, { point: "other" });
  assertEquals(ratioSpread([RAW, ours], ours, "speed"), null);
});

Deno.test("ratioSpread() takes a row to the base that it names", () => {
  const more = { base: "theirs" };
  const theirs = row("theirs", { speed: [10, 20] }, more);
  const ours = row("ours", { speed: [20, 60] }, more);
  assertEquals(ratioSpread([RAW, theirs, ours], ours, "speed")?.median, 2.5);
  assertEquals([RAW, theirs, ours].map(isBase), [true, true, false]);
});

Deno.test("controlNoise() is the greatest distance of the second raw loop from the first", () => {
  const again = row("deno-raw-again", { speed: [110, 160] });
  assertAlmostEquals(controlNoise([RAW, again], RAW, "speed") ?? NaN, 0.2);
});

Deno.test("controlNoise() is null when the raw loop ran once a round", () => {
  assertEquals(controlNoise([RAW], RAW, "speed"), null);
});

Deno.test("parseReport() reads what formatReport() writes", () => {
  const written = report(RAW, row("ours", { speed: [1, null] }, { notes: ['a "note"'] }));
  const read = parseReport(formatReport(written));
  assertEquals(read.machine, written.machine);
  assertEquals(read.rows.map(({ figures, notes }) => ({ figures, notes })), [
    { figures: { speed: [100, 200] }, notes: [] },
    { figures: { speed: [1, null] }, notes: ['a "note"'] },
  ]);
});

Deno.test("formatReport() puts medians and ratios beside the measurements", () => {
  const written = JSON.parse(formatReport(report(RAW, row("ours", { speed: [50, 100] }))));
  assertEquals(written.rows[1].summary.speed, {
    value: { median: 75, low: 50, high: 100, count: 2 },
    ratio: { median: 0.5, low: 0.5, high: 0.5, count: 2 },
  });
});

Deno.test("parseReport() refuses another format and what is no report", () => {
  assertThrows(() => parseReport('{"format": 99, "rows": []}'), TypeError, "not of format 1");
  assertThrows(() => parseReport('{"format": 1}'), TypeError);
  assertThrows(() => parseReport("null"), TypeError);
  assertThrows(() => parseReport("nonsense"), SyntaxError);
});

Deno.test("failuresOf() names failures of ours and wrong answers of anyone, not absent peers", () => {
  const failures = failuresOf([
    row("ours", {}, { failure: "closed" }),
    row("peer", {}, { failure: "closed" }),
    row("peer", {}, { failure: "WRONG ANSWER: byte 1", point: "p" }),
    row("ours", {}),
  ]);
  assertEquals(failures, ["ours in s: closed", "peer in s (p): WRONG ANSWER: byte 1"]);
});

Deno.test("formatNumber() writes three digits that count", () => {
  const cases: [number, string][] = [
    [0, "0.00"],
    [0.456, "0.46"],
    [5.333, "5.33"],
    [9.996, "10.0"],
    [62.34, "62.3"],
    [99.96, "100"],
    [1234, "1234"],
    [9999, "10.0k"],
    [164_812, "165k"],
    [999_600, "1.00M"],
    [2_608_000, "2.61M"],
  ];
  for (const [value, text] of cases) assertEquals(formatNumber(value), text);
});

Deno.test("columns() aligns names to the left and numbers to the right", () => {
  assertEquals(columns([["", "a"], ["long", "1"], ["x", "100"]]), [
    "        a",
    "long    1",
    "x     100",
  ]);
});
