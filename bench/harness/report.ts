/** The report: every measurement of a run, with what is needed to read and compare it. */

import type { Disturbance } from "./disturbance.ts";
import { BASE_SERVER, CONTROL_SERVER } from "./server_program.ts";
import { ratiosOf, type Spread, spreadOf } from "./statistics.ts";
import type { Machine } from "./machine.ts";

/** The layout of reports; a change that old readers misread takes the next number. */
export const REPORT_FORMAT = 1;

/** What one server gave in one setting of one scenario. */
export interface Row {
  /** The scenario's name. */
  readonly scenario: string;
  /** The setting's label, empty if there is only one. */
  readonly point: string;
  /** The setting's number. */
  readonly value: number;
  /** The server's name. */
  readonly server: string;
  /** The server's name in tables. */
  readonly label: string;
  /** Whether the server is ours. */
  readonly own: boolean;
  /** The server that its ratios are taken to; the raw loop if it says nothing. */
  readonly base?: string;
  /** For each figure, by its key, a value for each round; `null` where a round gave none. */
  readonly figures: Record<string, (number | null)[]>;
  /** Remarks. */
  readonly notes: string[];
  /** Why the server could not be measured, else `null`. */
  failure: string | null;
}

/** A server or scenario that was not measured. */
export interface LeftOut {
  /** Its name. */
  readonly name: string;
  /** Why. */
  readonly reason: string;
}

/** All of a run. */
export interface Report {
  /** {@linkcode REPORT_FORMAT}. */
  readonly format: number;
  /** When the run began, as ISO 8601. */
  readonly date: string;
  /** What it ran on. */
  readonly machine: Machine;
  /** The versions of all that took part. */
  readonly versions: readonly string[];
  /** How it was measured. */
  readonly settings: {
    readonly rounds: number;
    readonly windowMs: number;
    readonly warmupMs: number;
    readonly load: "c" | "deno";
    readonly placement: string;
  };
  /** What else the machine did meanwhile, `null` if unknown. */
  readonly disturbance: Disturbance | null;
  /** What was not measured. */
  readonly leftOut: readonly LeftOut[];
  /** What was measured. */
  readonly rows: readonly Row[];
}

/**
 * Tells whether a row is the one that the others of its table are compared with.
 *
 * @param row The row.
 * @returns Whether it is.
 */
export function isBase(row: Row): boolean {
  return row.server === (row.base ?? BASE_SERVER);
}

/**
 * Finds the row that a row's ratios are taken to, in the same setting.
 *
 * @param rows All rows.
 * @param row One of them.
 * @returns The base, or `undefined` if it was not measured.
 */
function baseOf(rows: readonly Row[], row: Row): Row | undefined {
  const base = row.base ?? BASE_SERVER;
  return rows.find((one) => one.server === base && sameSetting(one, row));
}

/**
 * Tells whether two rows belong to one table.
 *
 * @param a A row.
 * @param b A row.
 * @returns Whether scenario and setting are the same.
 */
function sameSetting(a: Row, b: Row): boolean {
  return a.scenario === b.scenario && a.point === b.point;
}

/**
 * Returns a row's ratios to the base of its table.
 *
 * @param rows All rows.
 * @param row One of them.
 * @param figure A figure's key.
 * @returns Their spread over the rounds, or `null` if there is none.
 */
export function ratioSpread(rows: readonly Row[], row: Row, figure: string): Spread | null {
  const base = baseOf(rows, row)?.figures[figure];
  const values = row.figures[figure];
  return base === undefined || values === undefined ? null : spreadOf(ratiosOf(values, base));
}

/**
 * Returns how far the raw loop was from itself: the greatest distance from 1 of the ratio between
 * its two servers of the same round.
 *
 * @param rows All rows.
 * @param row Any row of the setting.
 * @param figure A figure's key.
 * @returns A share, or `null` if the second raw loop did not run.
 */
export function controlNoise(rows: readonly Row[], row: Row, figure: string): number | null {
  const control = rows.find((one) => one.server === CONTROL_SERVER && sameSetting(one, row));
  const spread = control === undefined ? null : ratioSpread(rows, control, figure);
  return spread === null ? null : Math.max(spread.high - 1, 1 - spread.low);
}

function hasShape(value: unknown): value is Report {
  return typeof value === "object" && value !== null && "format" in value &&
    value.format === REPORT_FORMAT && "rows" in value && Array.isArray(value.rows);
}

/**
 * Reads a report.
 *
 * @param text JSON as the benchmark writes it.
 * @returns The report.
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If it is not a report of this format.
 */
export function parseReport(text: string): Report {
  const value: unknown = JSON.parse(text);
  if (hasShape(value)) return value;
  throw new TypeError(`Cannot read report: it is not of format ${REPORT_FORMAT}`);
}

/**
 * Writes a report, medians and ratios beside the measurements they come from.
 *
 * @param report The report.
 * @returns JSON.
 */
export function formatReport(report: Report): string {
  const rows = report.rows.map((row) => {
    const entries = Object.keys(row.figures).map((key) => [key, {
      value: spreadOf(row.figures[key] ?? []),
      ratio: ratioSpread(report.rows, row, key),
    }]);
    return { ...row, summary: Object.fromEntries(entries) };
  });
  // One row a line, so that a changed file shows what changed.
  const { rows: _rows, ...head } = report;
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  return `${JSON.stringify(head, null, 1).slice(0, -2)},\n "rows": [\n${lines}\n]}\n`;
}
