import { check, type OptionTable } from "../../protocols/option_checks.ts";

/** Options for {@linkcode Server.shutdown}. */
export interface ShutdownOptions {
  /**
   * How many milliseconds connections may take to finish. Then they are aborted.
   *
   * @default {10000}
   */
  readonly grace?: number;
  /** Cuts the grace short when it aborts. */
  readonly signal?: AbortSignal;
}

/** The checks of {@linkcode ShutdownOptions}. */
export const SHUTDOWN_CHECKS: OptionTable<ShutdownOptions> = {
  // No time at all: the rest is aborted at once.
  grace: check.duration({ zero: true }),
  signal: check.abortSignal,
};

/** The outcome of {@linkcode Server.shutdown}. */
export interface ShutdownReport {
  /** How many connections ended by themselves within the grace. */
  readonly finished: number;
  /** How many had to be aborted. */
  readonly aborted: number;
}
