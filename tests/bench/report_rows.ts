/** Small reports for the tests of what reads reports. */

import type { Figure } from "../../bench/harness/figure.ts";
import type { Report, Row } from "../../bench/harness/report.ts";
import type { Scenario } from "../../bench/harness/scenario.ts";

/** A figure of which more is better. */
export const SPEED: Figure = { key: "speed", label: "speed", better: "higher", compared: true };

/** A figure of which less is better. */
export const COST: Figure = { key: "cost", label: "cost", better: "lower", compared: true };

/** A figure that is never compared. */
export const REST: Figure = { key: "rest", label: "rest", better: "lower", compared: false };

/**
 * Makes a row.
 *
 * @param server The server's name; "ours" is one of ours.
 * @param figures Values by round.
 * @param more What differs from the usual.
 * @returns The row.
 */
export function row(
  server: string,
  figures: Record<string, (number | null)[]>,
  more: Partial<Row> = {},
): Row {
  const place = { scenario: "s", point: "", value: 0 };
  const own = server === "ours";
  return { ...place, server, label: server, own, figures, notes: [], failure: null, ...more };
}

/**
 * Makes a report.
 *
 * @param rows Its rows.
 * @returns The report.
 */
export function report(...rows: Row[]): Report {
  return {
    format: 1,
    date: "2026-01-02T03:04:05.000Z",
    machine: { processor: "P & Q", cores: 2, memoryGib: 8, system: "linux 6", virtual: true },
    versions: ["Deno 2"],
    settings: { rounds: 3, windowMs: 1000, warmupMs: 300, load: "c", placement: "not pinned" },
    disturbance: { otherCores: 0, stolenCores: 0 },
    leftOut: [],
    rows,
  };
}

/**
 * Makes a scenario that measures nothing.
 *
 * @param name Its name.
 * @param figures Its figures.
 * @returns The scenario.
 */
export function scenario(name: string, figures: readonly Figure[]): Scenario {
  return {
    name,
    title: `title of ${name}`,
    role: "echo",
    quick: false,
    figures,
    points: () => [{ label: "", value: 0 }],
    measure: () => Promise.resolve({}),
  };
}
