/** Measurements and their few statistics: medians, ratios round by round, noise. */

/** The figures of one server in one scenario. */
export interface Row {
  readonly scenario: string;
  readonly server: string;
  /** The server's name in tables. */
  readonly label: string;
  /** Whether the server is this library's. */
  readonly isOwn: boolean;
  /** For each figure, by its label, a value for each round. */
  readonly figures: Readonly<Record<string, number[]>>;
  /** A remark that a table adds to the figures. */
  note: string | null;
  /** Why the server could not be measured, else `null`. */
  failure: string | null;
}

/** The name of the server that runs a second time at the end of each round. */
export const CONTROL = "again";

/** The rows that tables show: all but those of the second run. */
export function shownOf(rows: readonly Row[]): Row[] {
  return rows.filter(({ server }) => !server.endsWith(`-${CONTROL}`));
}

/** The middle value, or the mean of the two in the middle; `NaN` if there is none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** Half the distance from the least to the greatest, as a share of the median; `NaN` for one. */
export function spreadOf(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  return (Math.max(...values) - Math.min(...values)) / 2 / medianOf(values);
}

/** A row's ratios to the base of its scenario, of the same round: a slow moment slows both. */
export function ratiosOf(rows: readonly Row[], row: Row, label: string): number[] {
  const base = rows[0]?.figures[label] ?? [];
  const values = row.figures[label] ?? [];
  return values.slice(0, base.length).map((value, round) => value / (base[round] ?? NaN));
}

/** The greatest distance from 1 of the ratio between the two runs of the base in a round. */
export function noiseOf(rows: readonly Row[], label: string): number {
  const control = rows.find(({ server }) => server.endsWith(`-${CONTROL}`));
  const ratios = control === undefined ? [] : ratiosOf(rows, control, label);
  return ratios.length === 0 ? NaN : Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
}

/** A line for each reason to fail: a wrong answer of any server, or any failure of ours. */
export function failuresOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ scenario, label, isOwn, failure }) =>
    failure !== null && (isOwn || failure.startsWith("WRONG ANSWER"))
      ? [`${label} in ${scenario}: ${failure}`]
      : []
  );
}
