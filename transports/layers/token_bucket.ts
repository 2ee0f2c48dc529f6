import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { type Clock, clockCheck, systemClock } from "../core/clock.ts";

/** Options for a {@linkcode TokenBucket}: how it fills. */
export interface TokenBucketOptions {
  /** The average rate, in bytes a second. */
  readonly rate: number;
  /**
   * How many bytes may pass at once after a pause: the size of the bucket.
   *
   * @default {rate}
   */
  readonly burst?: number;
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

/** The checks of {@linkcode TokenBucketOptions}. */
export const BUCKET_CHECKS: OptionTable<TokenBucketOptions> = {
  rate: check.numberAbove0("bytes a second"),
  burst: check.size(1),
  clock: clockCheck,
};

/**
 * An allowance of bytes that fills with time. One bucket may serve many connections: together they
 * keep to its rate, and are served in the order in which they ask.
 *
 * @example Two seconds' worth of bytes
 * ```ts
 * import { TokenBucket } from "@sluice/net/layers";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const bucket = new TokenBucket({ rate: 1000 });
 * bucket.reserve(1000);
 * assertAlmostEquals(bucket.reserve(1000), 1000, 50);
 * ```
 */
export class TokenBucket {
  /** The average rate, in bytes a second. */
  readonly rate: number;
  /** How many bytes pass at once after a pause. */
  readonly burst: number;
  readonly #clock: Clock;
  // Below zero while more is reserved than there is.
  #tokens: number;
  #filledAt: number;

  /**
   * Creates a full bucket.
   *
   * @throws {RangeError} If the rate is not above 0, or the burst is less than one byte.
   */
  constructor(options: TokenBucketOptions) {
    checkOptions("make TokenBucket", options, BUCKET_CHECKS, ["rate"]);
    const { rate, burst = Math.max(rate, 1), clock = systemClock } = options;
    this.rate = rate;
    this.burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /**
   * Takes so many bytes out of the bucket, also more than it holds.
   *
   * @param bytes How many.
   * @returns In how many milliseconds they may pass: 0 for now.
   */
  reserve(bytes: number): number {
    const now = this.#clock.now();
    const filled = this.#tokens + (now - this.#filledAt) * this.rate / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(this.burst, filled) - bytes;
    return this.#tokens >= 0 ? 0 : -this.#tokens * 1000 / this.rate;
  }

  /** Puts back bytes that were reserved and did not pass. */
  refund(bytes: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + bytes);
  }
}
