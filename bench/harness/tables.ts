/** The report as text, and the one table that is committed. */

import type { Scenario } from "../scenarios.ts";
import { CONTROL, medianOf, noiseOf, ratiosOf, type Row, spreadOf } from "./rows.ts";

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
  return scenario.figures.flatMap(({ label }) => {
    const values = row.figures[label] ?? [];
    if (values.length === 0) return ["-", ""];
    const ratio = row === rows[0] ? "" : `${medianOf(ratiosOf(rows, row, label)).toFixed(2)}x`;
    return [`${formatNumber(medianOf(values))}${share(spreadOf(values))}`, ratio];
  });
}

/** The table of one scenario as text: medians with their spread, and ratios to the first row. */
export function formatTable(rows: readonly Row[], scenario: Scenario): string {
  const shown = rows.filter(({ server }) => !server.endsWith(`-${CONTROL}`));
  const head = ["", ...scenario.figures.flatMap(({ label }) => [label, "ratio"])];
  const lines = alignColumns([
    head,
    ...shown.map((row) => [`  ${row.label}`, ...cellsOf(rows, row, scenario)]),
  ]);
  const remarked = lines.map((line, i) => {
    const row = shown[i - 1];
    const remarks = [row?.failure ?? [], row?.notes ?? []].flat();
    return remarks.length === 0 ? line : `${line}  (${remarks.join("; ")})`;
  });
  const noise = scenario.figures
    .map(({ label }) => [label, noiseOf(rows, label)] as const)
    .filter(([, value]) => !Number.isNaN(value))
    .map(([label, value]) => `${label}${share(value)}`);
  const last = noise.length === 0 ? [] : [`  noise, the base against itself: ${noise.join(", ")}`];
  return [`${scenario.column}: ${scenario.title}`, ...remarked, ...last, ""].join("\n");
}

/**
 * One table of all scenarios in Markdown: the first figure of each as a ratio to the base of its
 * kind, which shows its own figure instead.
 */
export function formatOverview(rows: readonly Row[], scenarios: readonly Scenario[]): string {
  const columns = [...new Set(scenarios.map(({ column }) => column))];
  const servers = new Map(
    rows.filter(({ server }) => !server.endsWith(`-${CONTROL}`))
      .map(({ server, label }) => [server, label]),
  );
  const cell = (server: string, column: string): string => {
    for (const scenario of scenarios.filter((one) => one.column === column)) {
      const own = rows.filter((row) => row.scenario === scenario.name);
      const row = own.find((one) => one.server === server);
      const figure = scenario.figures[0];
      if (row === undefined || figure === undefined) continue;
      const values = row.figures[figure.label] ?? [];
      if (values.length === 0) return "failed";
      if (row === own[0]) return `${formatNumber(medianOf(values))} ${figure.label}`;
      return medianOf(ratiosOf(own, row, figure.label)).toFixed(2);
    }
    return "";
  };
  const lines = [
    ["", ...columns],
    ["---", ...columns.map(() => "---:")],
    ...[...servers].map(([name, label]) => [label, ...columns.map((one) => cell(name, one))]),
    ["noise", ...columns.map((column) => noiseIn(rows, scenarios, column))],
  ];
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

/** The noise of the first scenario of a column. */
function noiseIn(rows: readonly Row[], scenarios: readonly Scenario[], column: string): string {
  const scenario = scenarios.find((one) => one.column === column);
  const own = rows.filter((row) => row.scenario === scenario?.name);
  return share(noiseOf(own, scenario?.figures[0]?.label ?? "")).trim();
}
