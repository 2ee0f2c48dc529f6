/** `--check`: our ratios against the committed ones. */

import type { Figure } from "./figure.ts";
import { controlNoise, ratioSpread, type Report, type Row } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { noiseOf, type Spread } from "./statistics.ts";

/**
 * No change smaller than this counts, as a share: a few rounds can agree by chance, and the layout
 * of a process in memory alone moves a figure by as much.
 */
export const LEAST_TOLERANCE = 0.05;

/** One ratio, then and now. */
export interface Comparison {
  /** The row of this run. */
  readonly row: Row;
  /** The figure. */
  readonly figure: Figure;
  /** The committed ratio. */
  readonly before: Spread;
  /** The ratio of this run. */
  readonly now: Spread;
  /** By how much it got worse, as a share; negative: better. */
  readonly worse: number;
  /** How much worse it may be before it counts, as a share. */
  readonly tolerated: number;
}

/** What a comparison of two reports found. */
export interface Verdict {
  /** Every ratio that both reports have. */
  readonly comparisons: readonly Comparison[];
  /** Ratios that the committed report has and this run should have given but did not. */
  readonly missing: readonly string[];
}

/**
 * Computes by how much a ratio got worse.
 *
 * @param better Which way is good.
 * @param before The old ratio, above zero.
 * @param now The new ratio, above zero.
 * @returns 0.25 if it takes a quarter more (or gives so much less that the old gave a quarter
 * more); negative if it got better.
 */
export function worsening(better: "higher" | "lower", before: number, now: number): number {
  return better === "higher" ? before / now - 1 : now / before - 1;
}

/**
 * Computes how much worse a ratio may be without counting: as much as the rounds of both runs lay
 * apart together, or as the raw loop was from itself in this run, whichever is more, and never
 * less than {@linkcode LEAST_TOLERANCE}.
 *
 * @param before The old ratio's spread over its rounds.
 * @param now The new ratio's.
 * @param control How far the raw loop was from itself, `null` if unknown.
 * @returns A share; `Infinity` if a run had one round only, which tells nothing about noise.
 */
export function tolerance(before: Spread, now: Spread, control: number | null): number {
  return Math.max(LEAST_TOLERANCE, noiseOf(before) + noiseOf(now), control ?? 0);
}

function compareFigure(
  baseline: Report,
  old: Row,
  current: readonly Row[],
  row: Row,
  figure: Figure,
): Comparison | null {
  const before = ratioSpread(baseline.rows, old, figure.key);
  const now = ratioSpread(current, row, figure.key);
  if (before === null || now === null || before.median <= 0 || now.median <= 0) return null;
  const tolerated = tolerance(before, now, controlNoise(current, row, figure.key));
  if (!Number.isFinite(tolerated)) return null; // nothing could ever be worse than that
  const worse = worsening(figure.better, before.median, now.median);
  return { row, figure, before, now, worse, tolerated };
}

/**
 * Compares the ratios of our servers with the committed ones.
 *
 * @param baseline The committed report.
 * @param current The rows of this run.
 * @param scenarios The scenarios that this run measured.
 * @returns What it found.
 */
export function compareReports(
  baseline: Report,
  current: readonly Row[],
  scenarios: readonly Scenario[],
): Verdict {
  const comparisons: Comparison[] = [];
  const missing: string[] = [];
  for (const scenario of scenarios) {
    const olds = baseline.rows.filter((row) => row.own && row.scenario === scenario.name);
    for (const old of olds) {
      const row = current.find((one) =>
        one.server === old.server && one.scenario === old.scenario && one.point === old.point
      );
      for (const figure of scenario.figures.filter(({ compared }) => compared)) {
        if (ratioSpread(baseline.rows, old, figure.key) === null) continue;
        const found = row && compareFigure(baseline, old, current, row, figure);
        if (found) comparisons.push(found);
        else missing.push(`${old.label} in ${old.scenario} ${old.point}: ${figure.label}`);
      }
    }
  }
  return { comparisons, missing };
}

/**
 * Picks what got worse by more than the noise.
 *
 * @param comparisons Ratios then and now.
 * @returns Those that count.
 */
export function worseOnes(comparisons: readonly Comparison[]): Comparison[] {
  return comparisons.filter(({ worse, tolerated }) => worse > tolerated);
}

/**
 * Puts the rounds of a second run of the same rows behind those of the first.
 *
 * @param first Rows.
 * @param second Rows of a repetition.
 * @returns The rows of the second run, with the rounds of both where both have them.
 */
export function poolRows(first: readonly Row[], second: readonly Row[]): Row[] {
  return second.map((row) => {
    const earlier = first.find((one) =>
      one.server === row.server && one.scenario === row.scenario && one.point === row.point
    );
    if (earlier === undefined) return row;
    const figures = Object.fromEntries(
      Object.entries(row.figures).map(([key, values]) => [
        key,
        [...earlier.figures[key] ?? [], ...values],
      ]),
    );
    return { ...row, figures };
  });
}

/**
 * Describes a comparison in one line.
 *
 * @param comparison A ratio, then and now.
 * @returns For example "Sluice Protocol in b: CPU µs/message 1.02x, was 0.91x: 12 % worse, 5 % tolerated".
 */
export function formatComparison(comparison: Comparison): string {
  const { row, figure, before, now, worse, tolerated } = comparison;
  const percent = (share: number) => `${Math.round(Math.abs(share) * 100)} %`;
  const setting = row.point === "" ? row.scenario : `${row.scenario} (${row.point})`;
  const change = `${percent(worse)} ${worse > 0 ? "worse" : "better"}`;
  return `${row.label} in ${setting}: ${figure.label} ${now.median.toFixed(2)}x, ` +
    `was ${before.median.toFixed(2)}x: ${change}, ${percent(tolerated)} tolerated`;
}
