/** The few statistics of the benchmark: medians, spreads, ratios round by round, noise. */

/** What several measurements of one thing came to. */
export interface Spread {
  /** The middle one, or the mean of the two in the middle. */
  readonly median: number;
  /** The least. */
  readonly low: number;
  /** The greatest. */
  readonly high: number;
  /** How many there were. */
  readonly count: number;
}

/**
 * Returns the median.
 *
 * @param values At least one number, in any order.
 * @returns The middle one, or the mean of the two in the middle.
 * @throws {RangeError} If there is none.
 */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) {
    throw new RangeError("Cannot take the median: there are no values");
  }
  return (lower + upper) / 2;
}

/**
 * Returns median, least and greatest.
 *
 * @param values Measurements; `null` stands for a round that gave none.
 * @returns The spread, or `null` if no round gave one.
 */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return {
    median: medianOf(known),
    low: Math.min(...known),
    high: Math.max(...known),
    count: known.length,
  };
}

/**
 * Divides round by round: what was measured by what the base gave in the same round, so that a
 * machine that is slow for a while slows both.
 *
 * @param values Measurements by round.
 * @param base The base's measurements by round.
 * @returns A ratio for each round; `null` where one of the two is missing or the base is not
 * above zero.
 */
export function ratiosOf(
  values: readonly (number | null)[],
  base: readonly (number | null)[],
): (number | null)[] {
  return values.map((value, round) => {
    const divisor = base[round] ?? null;
    return value === null || divisor === null || divisor <= 0 ? null : value / divisor;
  });
}

/**
 * Returns how far measurements of one thing lie apart: half the distance from the least to the
 * greatest, as a share of the median.
 *
 * @param spread Of at least two measurements.
 * @returns A share, 0.05 for five per cent; `Infinity` if it cannot be known, which is so for a
 * single measurement and for a median of zero.
 */
export function noiseOf(spread: Spread): number {
  if (spread.count < 2 || spread.median === 0) return Infinity;
  return (spread.high - spread.low) / 2 / Math.abs(spread.median);
}
