/** The one picture: what every server does in the scenarios that say most. */

import type { Scenario } from "../scenarios.ts";
import { medianOf, ratiosOf, type Row, shownOf } from "./rows.ts";
import { formatNumber } from "./tables.ts";

const COLUMNS = ["small messages", "pipelined", "16 KiB", "64 KiB"];
const NAME_WIDTH = 190;
const PANEL_WIDTH = 230;
const BAR_SPACE = 120;
const LINE_HEIGHT = 20;
const TOP = 64;
const MAX_RATIO = 2; // what is further to the right is cut off; its number tells

function text(x: number, y: number, content: string, style = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}"${style}>${escaped}</text>`;
}

function panel(rows: readonly Row[], scenario: Scenario, left: number): string[] {
  const [rate = "", cpu = ""] = scenario.figures;
  const scale = BAR_SPACE / MAX_RATIO;
  const bars = shownOf(rows).map((row, i) => {
    const y = TOP + i * LINE_HEIGHT;
    const ratio = medianOf(ratiosOf(rows, row, rate));
    if (Number.isNaN(ratio)) return text(left, y + 12, "failed", ' class="note"');
    const width = (Math.min(ratio, MAX_RATIO) * scale).toFixed(0);
    const spent = formatNumber(medianOf(row.figures[cpu] ?? []));
    const fill = row.isOwn ? "own" : row === rows[0] ? "base" : "other";
    return `<rect class="${fill}" x="${left}" y="${y}" width="${width}" height="14"/>` +
      text(left + BAR_SPACE + 4, y + 12, `${ratio.toFixed(2)}x, ${spent} µs`);
  });
  const one = left + scale;
  const bottom = TOP + bars.length * LINE_HEIGHT;
  return [
    text(left, TOP - 28, scenario.column, ' class="head"'),
    text(left, TOP - 12, scenario.title, ' class="note"'),
    ...bars,
    `<path class="line" d="M${one} ${TOP - 4}V${bottom}"/>`,
  ];
}

/**
 * Draws messages a second as a ratio to the raw loop, with the CPU time for each message beside.
 *
 * @returns An SVG image.
 */
export function drawOverview(
  rows: readonly Row[],
  scenarios: readonly Scenario[],
  caption: string,
): string {
  const shown = COLUMNS.flatMap((column) =>
    scenarios.find((one) => one.kind === "plain" && one.column === column) ?? []
  );
  const of = (scenario: Scenario) => rows.filter((row) => row.scenario === scenario.name);
  const names = shownOf(shown.slice(0, 1).flatMap(of));
  const width = NAME_WIDTH + PANEL_WIDTH * shown.length;
  const height = TOP + names.length * LINE_HEIGHT + 28;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    "<title>Messages a second to the raw loop, and CPU time of the server for each</title>",
    "<style>text{font:12px sans-serif;fill:#24292f}.head{font-weight:bold}.note{font-size:10px;fill:#57606a}" +
    ".own{fill:#0969da}.base{fill:#57606a}.other{fill:#afb8c1}.line{stroke:#24292f;stroke-dasharray:3}</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...names.map(({ label }, i) => text(8, TOP + i * LINE_HEIGHT + 12, label)),
    ...shown.flatMap((one, i) => panel(of(one), one, NAME_WIDTH + i * PANEL_WIDTH)),
    text(8, height - 8, caption, ' class="note"'),
    "</svg>\n",
  ].join("\n");
}
