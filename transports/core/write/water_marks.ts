import type { WriteBufferLimits } from "../../../protocols/contract.ts";
import { check, checkOptions, type OptionTable } from "../../../protocols/option_checks.ts";

/** asyncio's default high-water mark, in bytes. */
export const DEFAULT_HIGH_WATER = 65_536;

/** The limits of most connections. */
const DEFAULT_LIMITS: WriteBufferLimits = { high: DEFAULT_HIGH_WATER, low: DEFAULT_HIGH_WATER / 4 };

/**
 * Fills in the mark that is not given, as asyncio does.
 *
 * @throws {RangeError} If not `high >= low >= 0`.
 */
export function resolveWriteBufferLimits(
  limits: { readonly high?: number; readonly low?: number } = {},
): WriteBufferLimits {
  const high = limits.high ?? (limits.low === undefined ? DEFAULT_HIGH_WATER : 4 * limits.low);
  const low = limits.low ?? Math.floor(high / 4);
  if (!(high >= low && low >= 0)) {
    throw new RangeError(
      `Cannot set write buffer limits: high (${high}) must be >= low (${low}) must be >= 0`,
    );
  }
  return { high, low };
}

/** The checks of {@linkcode WriteBufferLimits}. */
export const LIMIT_CHECKS: OptionTable<WriteBufferLimits> = {
  high: check.size(),
  low: check.size(),
};

/**
 * Throws for what cannot be water marks.
 *
 * @throws {TypeError} If it is not an object with `high` and `low`, or one is not a number.
 * @throws {RangeError} If one is below 0.
 */
export function checkWriteBufferLimits(limits: unknown): void {
  checkOptions("set write buffer limits", limits, LIMIT_CHECKS);
}

/** When a writer is to pause and to resume: above the high mark, and again at the low one. */
export class WaterMarks {
  #limits: WriteBufferLimits;
  #paused = false;

  /** Starts unpaused, with limits as of {@linkcode resolveWriteBufferLimits}. */
  constructor(limits?: { readonly high?: number; readonly low?: number }) {
    this.#limits = limits === undefined ? DEFAULT_LIMITS : resolveWriteBufferLimits(limits);
  }

  /** The marks in force, in bytes. */
  get limits(): WriteBufferLimits {
    return this.#limits;
  }

  set limits(limits: { readonly high?: number; readonly low?: number }) {
    this.#limits = resolveWriteBufferLimits(limits);
  }

  /** Whether the writer is paused now. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether a buffer that grew to `size` bytes pauses the writer. */
  pausesAt(size: number): boolean {
    if (this.#paused || size <= this.#limits.high) return false;
    return this.#paused = true;
  }

  /** Whether a buffer that shrank to `size` bytes lets the writer resume. */
  resumesAt(size: number): boolean {
    if (!this.#paused || size > this.#limits.low) return false;
    this.#paused = false;
    return true;
  }
}
