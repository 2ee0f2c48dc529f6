import type { ScheduledFault } from "./faults.ts";

/** The state of a run when it failed. */
export interface RunState {
  /** The seed of the run: the same one fails alike. */
  readonly seed: number;
  /** The virtual time, in milliseconds. */
  readonly virtualTime: number;
  /** How many events had happened. */
  readonly steps: number;
  /** The faults of the schedule and of chaos that had happened. */
  readonly faults: readonly ScheduledFault[];
  /** The operations of the network that were pending, by host. */
  readonly waits: readonly HostWaits[];
}

/** The operations that a host waits for. */
export interface HostWaits {
  /** The host. */
  readonly host: string;
  /** What it is doing: its program runs, has ended, or it crashed. */
  readonly state: "running" | "ended" | "crashed";
  /** The operations. */
  readonly waits: readonly string[];
}

/**
 * A run of a world failed: a main function or a callback threw, or the run went beyond
 * `maxVirtualTime` or `maxSteps`. `cause` is what was thrown.
 */
export class SimulationError extends Error {
  /** The name of the class. */
  override name: string = "SimulationError";
  /** The host whose program threw; `null` if none did. */
  readonly host: string | null;
  /** What the run had come to. */
  readonly run: RunState;

  /**
   * Words the message.
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
    const time = Number(run.virtualTime.toFixed(3));
    super(`Cannot finish run with seed ${run.seed}, at ${time} ms: ${problem}`, { cause });
    this.host = host;
    this.run = run;
  }
}

/** A run hangs: nothing will happen any more and its clients are not done. */
export class HangError extends SimulationError {
  /** The name of the class. */
  override name: string = "HangError";

  /** Lists who waits for what. */
  constructor(run: RunState) {
    const lines = run.waits.map(({ host, state, waits }) =>
      `\n  ${host} (${state}): ${waits.join("; ") || "nothing that the world knows of"}`
    );
    super(
      "it hangs, for nothing is scheduled. Work outside of the world is to be given to " +
        `world.outside(). These wait:${lines.join("")}`,
      run,
    );
  }
}
