/** The report as text. */

import type { Figure } from "./figure.ts";
import { machineLine } from "./machine.ts";
import { controlNoise, isBase, ratioSpread, type Report, type Row } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { CONTROL_SERVER } from "./server_program.ts";
import { noiseOf, type Spread, spreadOf } from "./statistics.ts";

/**
 * Writes a number as people read it: three digits that count, thousands as k and M.
 *
 * @param value The number.
 * @returns For example "5.33", "164k", "2.61M".
 */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_500) return `${(value / 1e6).toPrecision(3)}M`;
  if (size >= 9995) return `${(value / 1e3).toPrecision(3)}k`;
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}

function formatShare(share: number): string {
  return Number.isFinite(share) ? ` ±${Math.round(share * 100)}%` : "";
}

function valueCell(spread: Spread | null): string {
  return spread === null ? "-" : `${formatNumber(spread.median)}${formatShare(noiseOf(spread))}`;
}

function ratioCell(spread: Spread | null): string {
  return spread === null ? "-" : `${spread.median.toFixed(2)}x`;
}

/**
 * Lays out cells in columns, the first to the left and the others to the right.
 *
 * @param rows Lines of cells.
 * @returns Lines of text.
 */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))
      .join("  ").trimEnd()
  );
}

function noiseLine(rows: readonly Row[], row: Row, figures: readonly Figure[]): string[] {
  const parts = figures.flatMap(({ key, label, compared }) => {
    const noise = compared ? controlNoise(rows, row, key) : null;
    return noise === null ? [] : [`${label}${formatShare(noise)}`];
  });
  return parts.length === 0 ? [] : [`  noise (the raw loop against itself): ${parts.join(", ")}`];
}

function settingTable(rows: readonly Row[], setting: readonly Row[], scenario: Scenario): string[] {
  const to = scenario.base === undefined ? "to raw" : "ratio";
  const head = [
    "",
    ...scenario.figures.flatMap(({ label, compared }) => compared ? [label, to] : [label]),
  ];
  const shown = setting.filter(({ server }) => server !== CONTROL_SERVER);
  const body = shown.map((row) => [
    `  ${row.label}`,
    ...scenario.figures.flatMap(({ key, compared }) => [
      valueCell(spreadOf(row.figures[key] ?? [])),
      ...compared ? [isBase(row) ? "" : ratioCell(ratioSpread(rows, row, key))] : [],
    ]),
  ]);
  const lines = columns([head, ...body]).map((line, i) => {
    const row = shown[i - 1];
    const remarks = row === undefined ? [] : [row.failure ?? [], row.notes].flat();
    return remarks.length === 0 ? line : `${line}  (${remarks.join("; ")})`;
  });
  const first = setting[0];
  return first === undefined ? lines : [...lines, ...noiseLine(rows, first, scenario.figures)];
}

/**
 * Writes the tables of some scenarios.
 *
 * @param rows What was measured.
 * @param scenarios The scenarios that it belongs to.
 * @returns Text of several lines.
 */
export function formatTables(rows: readonly Row[], scenarios: readonly Scenario[]): string {
  const lines = scenarios.flatMap((scenario) => {
    const own = rows.filter((row) => row.scenario === scenario.name);
    const settings = Map.groupBy(own, (row) => row.point);
    return [...settings].flatMap(([point, setting]) => [
      `${scenario.name}: ${scenario.title}${point === "" ? "" : `: ${point}`}`,
      ...settingTable(rows, setting, scenario),
      "",
    ]);
  });
  return lines.join("\n");
}

/**
 * Writes what stands above the tables: machine, versions, settings, what was left out.
 *
 * @param report The report, as far as it is known before the first measurement.
 * @returns Text of several lines.
 */
export function formatHead(report: Omit<Report, "disturbance" | "rows">): string {
  const { rounds, windowMs, load, placement } = report.settings;
  const generator = load === "c"
    ? "in C"
    : "in TypeScript: slower than some servers, so throughput may be its own limit";
  const lines = [
    `Machine: ${machineLine(report.machine)}`,
    `Date: ${report.date}`,
    `Versions: ${report.versions.join(", ")}`,
    `Measured: ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${windowMs} ms; ${placement}`,
    `Load generator: ${generator}`,
    ...report.leftOut.map(({ name, reason }) => `Left out: ${name}: ${reason}`),
  ];
  return lines.join("\n") + "\n";
}
