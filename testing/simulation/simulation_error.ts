import { headingOf, reportRun } from "./answers/report_run.ts";
import type { RunState } from "./run_state.ts";

/**
 * A run of a world failed: a main function or a callback threw, or the run went beyond
 * `maxVirtualTime` or `maxSteps`. `cause` is what was thrown. The message has all that is known:
 * the seed, the time, the faults, who waits for what, and the command that repeats the run.
 */
export class SimulationError extends Error {
  /** The name of the class. */
  override name: string = "SimulationError";
  /** The fault, without the report. */
  readonly problem: string;
  /** The host whose program threw; `null` if none did. */
  readonly host: string | null;
  /** The state of the run at the failure. */
  readonly run: RunState;

  /**
   * Creates the error with its message.
   *
   * @param problem What went wrong, as the end of "Cannot finish run …: ".
   * @param run What the run had come to.
   * @param details The host whose program threw, and what it threw.
   */
  constructor(
    problem: string,
    run: RunState,
    { host = null, cause }: { readonly host?: string | null; readonly cause?: unknown } = {},
  ) {
    super(`Cannot finish ${headingOf(run)}: ${problem}\n${reportRun(run)}`, { cause });
    this.problem = problem;
    this.host = host;
    this.run = run;
  }
}

/** A run hangs: nothing will happen any more and its clients are not done. */
export class HangError extends SimulationError {
  /** The name of the class. */
  override name: string = "HangError";

  /** Creates the error; its report lists the pending waits. */
  constructor(run: RunState) {
    super(
      "it hangs, for nothing is scheduled. Work outside of the world is to be given to " +
        "world.outside()",
      run,
    );
  }
}
