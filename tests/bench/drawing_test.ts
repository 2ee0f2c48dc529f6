import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { barPanel } from "../../bench/drawing/bar_panel.ts";
import { drawPictures } from "../../bench/drawing/draw_pictures.ts";
import {
  formatTick,
  linearScale,
  linearTicks,
  logScale,
  logTicks,
  spreadLabels,
} from "../../bench/drawing/scale.ts";
import { element, escapeText } from "../../bench/drawing/svg.ts";
import { COST, report, row, scenario, SPEED } from "./report_rows.ts";

Deno.test("linearScale() maps ends to ends and what lies between in proportion", () => {
  const x = linearScale([0, 50], [100, 200]);
  assertEquals([x(0), x(50), x(25), x(10)], [100, 200, 150, 120]);
  assertEquals(linearScale([0, 10], [90, 10])(5), 50);
});

Deno.test("logScale() gives equal steps for equal factors", () => {
  const y = logScale([1, 1000], [300, 0]);
  assertAlmostEquals(y(1), 300);
  assertAlmostEquals(y(10), 200);
  assertAlmostEquals(y(100), 100);
  assertAlmostEquals(y(1000), 0);
});

Deno.test("linearTicks() starts at zero and reaches the greatest value with round steps", () => {
  assertEquals(linearTicks(100, 4), [0, 25, 50, 75, 100]);
  assertEquals(linearTicks(101, 4), [0, 50, 100, 150]);
  assertEquals(linearTicks(7, 4), [0, 2, 4, 6, 8]);
  assertEquals(linearTicks(164_812, 4), [0, 50_000, 100_000, 150_000, 200_000]);
});

Deno.test("linearTicks() covers values of any size", () => {
  for (const highest of [3e-9, 0.07, 0.9999, 1, 12.5, 999, 1e6, 7.77e12]) {
    const ticks = linearTicks(highest, 4);
    const last = ticks.at(-1) ?? 0;
    assert(last >= highest * (1 - 1e-8), `${last} does not cover ${highest}`);
    assert(last < highest * 2, `${last} wastes space above ${highest}`);
    assert(ticks.length <= 6, `${ticks.length} ticks for ${highest}`);
  }
});

Deno.test("logTicks() encloses the values in steps of 1, 2 and 5", () => {
  assertEquals(logTicks(30, 700), [20, 50, 100, 200, 500, 1000]);
  assertEquals(logTicks(100, 100), [100, 200]);
  assertEquals(logTicks(0.2, 1), [0.2, 0.5, 1]);
});

Deno.test("formatTick() leaves out zeros that say nothing", () => {
  const ticks = [0, 0.5, 2.5, 10, 25, 100, 1000, 10_000, 250_000, 1e6, 2.5e6];
  assertEquals(ticks.map(formatTick), [
    ...["0", "0.5", "2.5", "10", "25", "100", "1000", "10k", "250k", "1M", "2.5M"],
  ]);
});

Deno.test("spreadLabels() keeps what has room and moves apart what has not, in order", () => {
  assertEquals(spreadLabels([10, 50, 90], 15, [0, 100]), [10, 50, 90]);
  assertEquals(spreadLabels([50, 50, 50], 10, [0, 100]), [50, 60, 70]);
  assertEquals(spreadLabels([99, 10, 98], 10, [0, 100]), [100, 10, 90]);
});

Deno.test("escapeText() makes every special character harmless", () => {
  assertEquals(escapeText(`a<b> & "c"`), "a&lt;b&gt; &amp; &quot;c&quot;");
  assertEquals(element("g", { class: '"' }), '<g class="&quot;"/>');
});

Deno.test("barPanel() draws bars in proportion, the best on top", () => {
  const spread = (median: number) => ({ median, low: median, high: median, count: 1 });
  const bars = [
    { label: "half", kind: "peer", spread: spread(50) },
    { label: "full", kind: "own", spread: spread(100) },
  ] as const;
  const widths = (better: "higher" | "lower") => {
    const { content } = barPanel("speed", better, bars, 480);
    return [...content.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]));
  };
  const [first = 0, second = 0] = widths("higher");
  assertAlmostEquals(first, 2 * second, 0.2);
  assertEquals(widths("lower"), [second, first]);
});

Deno.test("drawPictures() draws what the report has, with machine, date and versions", () => {
  const figures = { speed: [1, 2, 3], cost: [3, 2, 1] };
  const done = report(row("deno-raw", figures), row("ours", figures), row("none", {}));
  const pictures = drawPictures(done, [scenario("s", [SPEED, COST]), scenario("t-u", [SPEED])]);
  assertEquals([...pictures.keys()], ["s.svg"]);
  const svg = pictures.get("s.svg") ?? "";
  for (const text of ["2026-01-02", "P &amp; Q, 2 cores", "Deno 2", "prefers-color-scheme:dark"]) {
    assertStringIncludes(svg, text);
  }
  assert(!svg.includes("NaN") && !svg.includes("undefined"), "a coordinate is missing");
});

Deno.test("drawPictures() draws growth and latency as curves, also where values are missing", () => {
  const latency = ["p50Us", "p99Us"].map((key) => ({ ...COST, key, label: key }));
  const done = report(
    row("deno-raw", { cost: [5] }, { scenario: "growth", point: "10", value: 10 }),
    row("deno-raw", { cost: [9] }, { scenario: "growth", point: "100", value: 100 }),
    row("ours", { cost: [4] }, { scenario: "growth", point: "10", value: 10 }),
    row("ours", { cost: [null] }, { scenario: "growth", point: "100", value: 100 }),
    row("ours", { p50Us: [40], p99Us: [900] }, { scenario: "latency", point: "20" }),
  );
  const pictures = drawPictures(done, [scenario("growth", [COST]), scenario("latency", latency)]);
  assertEquals([...pictures.keys()], ["growth.svg", "latency.svg"]);
  for (const svg of pictures.values()) {
    assertStringIncludes(svg, "<polyline");
    assert(!svg.includes("NaN") && !svg.includes("undefined"), "a coordinate is missing");
  }
});
