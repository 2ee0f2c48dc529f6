/** The pictures of a report. */

import { disturbanceText } from "../harness/disturbance.ts";
import type { Figure } from "../harness/figure.ts";
import { machineLine } from "../harness/machine.ts";
import { isBase, type Report, type Row } from "../harness/report.ts";
import type { Scenario } from "../harness/scenario.ts";
import { CONTROL_SERVER } from "../harness/server_program.ts";
import { spreadOf } from "../harness/statistics.ts";
import { type Bar, barPanel } from "./bar_panel.ts";
import { linePanel } from "./line_panel.ts";
import { type Kind, type Panel, panelWidth, picture, WIDTH } from "./svg.ts";

const GROWTH = "growth";
const LATENCY = "latency";
const OVERVIEW = ["b", "c", "d", "e", "lines-c", "g"]; // what a first glance should show
const READ = "Median of the rounds; a thin line spans the least to the greatest round.";

function kindOf(row: Row): Kind {
  return row.own ? "own" : isBase(row) ? "base" : "peer";
}

function medianIn(row: Row, key: string): number | null {
  return spreadOf(row.figures[key] ?? [])?.median ?? null;
}

function rowsOf(report: Report, scenario: Scenario): Row[] {
  return report.rows.filter((row) =>
    row.scenario === scenario.name && row.server !== CONTROL_SERVER
  );
}

function bars(rows: readonly Row[], { key, label, better }: Figure, count: number): Panel[] {
  const list = rows.flatMap((row): Bar[] => {
    const spread = spreadOf(row.figures[key] ?? []);
    return spread === null ? [] : [{ label: row.label, kind: kindOf(row), spread }];
  });
  return list.length === 0 ? [] : [barPanel(label, better, list, panelWidth(count))];
}

function titleOf({ title }: Scenario): string {
  return title.slice(0, 1).toUpperCase() + title.slice(1);
}

function footOf(report: Report): string[] {
  const { rounds, windowMs, placement, load } = report.settings;
  const generator = load === "c" ? "" : " Load generator in TypeScript: possibly the limit.";
  return [
    `${report.date.slice(0, 10)}. ${machineLine(report.machine)}.`,
    `${report.versions.join(", ")}.`,
    `${rounds} ${rounds === 1 ? "round" : "rounds"} of ${windowMs} ms; ${placement}; ` +
    `${disturbanceText(report.disturbance)}.${generator}`,
  ];
}

function scenarioPicture(report: Report, scenario: Scenario): string | null {
  const settings = [...Map.groupBy(rowsOf(report, scenario), (row) => row.point)];
  const figures = scenario.figures.slice(0, 2);
  // Two figures stand side by side; with one only its settings do.
  const count = figures.length > 1 ? figures.length : settings.length;
  const panels = settings.map(([point, rows]) =>
    figures.flatMap((figure) => {
      const label = point === "" ? figure.label : `${figure.label}, ${point}`;
      return bars(rows, { ...figure, label }, count);
    })
  );
  const lines = (figures.length > 1 ? panels : [panels.flat()]).filter(({ length }) => length > 0);
  return lines.length === 0 ? null : picture(titleOf(scenario), READ, lines, footOf(report));
}

function growthPicture(report: Report, scenario: Scenario): string | null {
  const [figure] = scenario.figures;
  const rows = rowsOf(report, scenario);
  const stops = [...new Set(rows.map(({ value }) => value))];
  const curves = [...Map.groupBy(rows, ({ server }) => server).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || figure === undefined) return [];
    const values = stops.map((stop) => {
      const row = group.find(({ value }) => value === stop);
      return row === undefined ? null : medianIn(row, figure.key);
    });
    const some = values.some((value) => value !== null);
    return some ? [{ label: first.label, kind: kindOf(first), values }] : [];
  });
  if (curves.length === 0 || figure === undefined) return null;
  const names = stops.map((stop) => `${stop.toLocaleString("en")} connections`);
  const axes = { title: `${figure.label} (lower is better)`, stops: names, log: false };
  const subtitle = "Cost of a message as the number of connections grows; flat is good.";
  return picture(titleOf(scenario), subtitle, [[linePanel(axes, curves, WIDTH)]], footOf(report));
}

function latencyPicture(report: Report, scenario: Scenario): string | null {
  const figures = scenario.figures.filter(({ key }) => /^p\d+Us$/.test(key));
  const settings = Map.groupBy(rowsOf(report, scenario), (row) => row.point);
  const panels = [...settings].flatMap(([point, rows]) => {
    const curves = rows.flatMap((row) => {
      const values = figures.map(({ key }) => medianIn(row, key));
      const some = values.some((value) => value !== null);
      return some ? [{ label: row.label, kind: kindOf(row), values }] : [];
    });
    if (curves.length === 0) return [];
    const stops = figures.map(({ label }) => label.replace(" µs", ""));
    const axes = { title: `microseconds at ${point} (lower is better)`, stops, log: true };
    return [[linePanel(axes, curves, WIDTH)]];
  });
  if (panels.length === 0) return null;
  const subtitle = "Counted from when a message was due, whatever became of earlier ones.";
  return picture(titleOf(scenario), subtitle, panels, footOf(report));
}

function overviewPicture(report: Report, scenarios: readonly Scenario[]): string | null {
  const panels = scenarios.filter(({ name }) => OVERVIEW.includes(name)).flatMap((scenario) => {
    const [figure] = scenario.figures;
    if (figure === undefined) return [];
    const label = `${scenario.name}: ${figure.label}`;
    return bars(rowsOf(report, scenario), { ...figure, label }, 2);
  });
  if (panels.length === 0) return null;
  const lines = Array.from(
    { length: Math.ceil(panels.length / 2) },
    (_, i) => panels.slice(2 * i, 2 * i + 2),
  );
  const legend = scenarios.filter(({ name }) => OVERVIEW.includes(name))
    .map(({ name, title }) => `${name}: ${title}.`).join(" ");
  const title = "Echo servers side by side, one core each";
  return picture(title, READ, lines, [legend, ...footOf(report)]);
}

/**
 * Draws every picture that a report has figures for.
 *
 * @param report The report.
 * @param scenarios The scenarios that it may hold.
 * @returns The texts of SVG files, by file name.
 */
export function drawPictures(report: Report, scenarios: readonly Scenario[]): Map<string, string> {
  const pictures = new Map<string, string>();
  const overview = overviewPicture(report, scenarios);
  if (overview !== null) pictures.set("overview.svg", overview);
  for (const scenario of scenarios) {
    const draw = scenario.name === GROWTH
      ? growthPicture
      : scenario.name === LATENCY
      ? latencyPicture
      : scenarioPicture;
    const svg = draw(report, scenario);
    if (svg !== null) pictures.set(`${scenario.name.replaceAll("-", "_")}.svg`, svg);
  }
  return pictures;
}
