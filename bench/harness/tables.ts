/** The report as text, and the one table that is committed. */

import type { Scenario } from "../scenarios.ts";
import { medianOf, noiseOf, ratiosOf, type Row, shownOf, spreadOf } from "./rows.ts";

/** A number with three digits, such as "5.33", "164k", "2.61M". */
export function formatNumber(value: number): string {
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 9995) return `${(value / 1e3).toPrecision(3)}k`;
  if (value >= 99.95) return value.toFixed(0);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

function share(value: number): string {
  return Number.isNaN(value) ? "" : ` ±${Math.round(value * 100)}%`;
}

function alignColumns(lines: readonly (readonly string[])[]): string[] {
  const widthOf = (i: number) => Math.max(...lines.map((line) => line[i]?.length ?? 0));
  return lines.map((line) =>
    line.map((cell, i) => i === 0 ? cell.padEnd(widthOf(i)) : cell.padStart(widthOf(i)))
      .join("  ").trimEnd()
  );
}

function cellsOf(rows: readonly Row[], row: Row, scenario: Scenario): string[] {
  return scenario.figures.flatMap((label) => {
    const values = row.figures[label] ?? [];
    if (values.length === 0) return ["-", ""];
    const ratio = row === rows[0] ? "" : `${medianOf(ratiosOf(rows, row, label)).toFixed(2)}x`;
    return [`${formatNumber(medianOf(values))}${share(spreadOf(values))}`, ratio];
  });
}

/** The table of one scenario as text: medians with their spread, and ratios to the first row. */
export function formatTable(rows: readonly Row[], scenario: Scenario): string {
  const shown = shownOf(rows);
  const head = ["", ...scenario.figures.flatMap((figure) => [figure, "ratio"])];
  const cells = shown.map((row) => [`  ${row.label}`, ...cellsOf(rows, row, scenario)]);
  const lines = alignColumns([head, ...cells]).map((line, i) => {
    const remarks = [shown[i - 1]?.failure, shown[i - 1]?.note].filter((one) => one);
    return remarks.length === 0 ? line : `${line}  (${remarks.join("; ")})`;
  });
  const noise = scenario.figures.map((figure) => [figure, share(noiseOf(rows, figure))])
    .filter(([, text]) => text !== "").map((pair) => pair.join(""));
  const last = noise.length === 0 ? [] : [`  noise, the base against itself: ${noise.join(", ")}`];
  return [`${scenario.column}: ${scenario.title}`, ...lines, ...last, ""].join("\n");
}

/** The cell of a server in the overview: the first figure of the scenario. */
function overviewCell(rows: readonly Row[], server: string, figure: string): string {
  const row = rows.find((one) => one.server === server);
  const values = row?.figures[figure] ?? [];
  if (row === undefined || values.length === 0) return "failed";
  if (row === rows[0]) return `${formatNumber(medianOf(values))} ${figure}`;
  return medianOf(ratiosOf(rows, row, figure)).toFixed(2);
}

/**
 * One table of all scenarios in Markdown: the first figure of each as a ratio to the base of its
 * kind, which shows its own figure instead.
 */
export function formatOverview(rows: readonly Row[], scenarios: readonly Scenario[]): string {
  const columns = [...new Set(scenarios.map(({ column }) => column))];
  const measured = scenarios.map(({ name, column, figures: [figure = ""] }) => ({
    column,
    figure,
    rows: rows.filter(({ scenario }) => scenario === name),
  }));
  const servers = new Map(shownOf(rows).map(({ server, label }) => [server, label]));
  const cell = (server: string, column: string): string => {
    const here = measured.find((one) =>
      one.column === column && one.rows.some((row) => row.server === server)
    );
    return here === undefined ? "" : overviewCell(here.rows, server, here.figure);
  };
  const noise = (column: string): string => {
    const first = measured.find((one) => one.column === column);
    return share(noiseOf(first?.rows ?? [], first?.figure ?? "")).trim();
  };
  const lines = [
    ["", ...columns],
    ["---", ...columns.map(() => "---:")],
    ...Array.from(servers, ([name, label]) => [label, ...columns.map((one) => cell(name, one))]),
    ["noise", ...columns.map(noise)],
  ];
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}
