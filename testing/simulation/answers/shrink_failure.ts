import type { ScheduledFault } from "../faults/faults.ts";
import type { SimulationError } from "../simulation_error.ts";
import type { SimulationOptions } from "../simulation_options.ts";
import { identityOf } from "./failure_identity.ts";
import { type FaultGroup, groupFaults, sharingAnEnd, toSchedule } from "./fault_groups.ts";
import { minimize } from "./minimize.ts";
import { SIMPLEST } from "./swarm.ts";

/** Times are made round to one of these, in milliseconds, the roundest first. */
const ROUND = [1000, 100, 10, 1];

/** A failure, and the options that lead to it, beside those of the program. */
export interface Failure {
  /** The error of the run. */
  readonly error: SimulationError;
  /** Options that the program did not give. */
  readonly options: SimulationOptions;
}

/** Runs the program with options beside its own. Resolves to the failure, if there is one. */
export type Attempt = (options: SimulationOptions) => Promise<SimulationError | null>;

/** How far a search for a simpler failure may go. */
export interface ShrinkLimits {
  /** The most runs. */
  readonly runs: number;
  /** Whether the time is up. */
  isOver(): boolean;
}

/** Looks for the simplest options that lead to the same failure. */
export class FailureShrinker {
  readonly #attempt: Attempt;
  readonly #limits: ShrinkLimits;
  readonly #identity: string;
  readonly #tried = new Set<string>();
  readonly #others = new Map<string, string>();
  #best: Failure;
  #runs = 0;
  #isConfirmed = false;
  #isStable = true;

  /** Begins with a failure. */
  constructor(failure: Failure, attempt: Attempt, limits: ShrinkLimits) {
    this.#best = failure;
    this.#attempt = attempt;
    this.#limits = limits;
    this.#identity = identityOf(failure.error);
  }

  /** The simplest failure that was found. */
  get best(): Failure {
    return this.#best;
  }

  /** How many runs were made. */
  get runs(): number {
    return this.#runs;
  }

  /** Whether the failure came again when the run was repeated. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** Whether the simplest failure came again when its run was repeated. */
  get isStable(): boolean {
    return this.#isStable;
  }

  /** The problems of other failures that were met. */
  get others(): string[] {
    return [...this.#others.values()];
  }

  /**
   * Shrinks until nothing can be made simpler, or the limits are reached.
   *
   * @param scheduled The same options with all faults in a schedule.
   */
  async shrink(scheduled: SimulationOptions): Promise<void> {
    const { options } = this.#best;
    this.#isConfirmed = await this.#fails(options);
    if (!this.#isConfirmed) return;
    if (scheduled !== options && !await this.#fails(scheduled)) return;
    for (let before = ""; before !== JSON.stringify(this.#best.options);) {
      before = JSON.stringify(this.#best.options);
      await this.#shrinkFaults();
      await this.#shrinkSettings();
    }
    await this.#roundTimes();
    const again = await this.#attempt(this.#best.options);
    this.#isStable = again !== null && identityOf(again) === this.#identity;
  }

  async #shrinkFaults(): Promise<void> {
    const groups = groupFaults(this.#faults);
    await minimize(groups, (part) => this.#failsWith(part));
    for (const one of sharingAnEnd(this.#faults)) {
      if (!sharingAnEnd(this.#faults).includes(one)) continue;
      const faults = this.#faults.filter((other) => other !== one);
      await this.#fails({ ...this.#best.options, faults });
    }
  }

  get #faults(): readonly ScheduledFault[] {
    return this.#best.options.faults ?? [];
  }

  #failsWith(groups: readonly FaultGroup[]): Promise<boolean> {
    return this.#fails({ ...this.#best.options, faults: toSchedule(groups) });
  }

  async #shrinkSettings(): Promise<void> {
    const isSetting = (name: string): boolean => name !== "faults" && name !== "chaos";
    for (const name of Object.keys(this.#best.options).filter(isSetting)) {
      const { [name as keyof SimulationOptions]: value, ...rest } = this.#best.options;
      const simplest = SIMPLEST[name as keyof SimulationOptions];
      if (await this.#fails(rest) || simplest === undefined || simplest === value) continue;
      await this.#fails({ ...rest, [name]: simplest });
    }
  }

  async #roundTimes(): Promise<void> {
    for (const index of this.#faults.keys()) {
      for (const unit of ROUND) {
        const schedule = this.#faults.map((one, i) =>
          i === index ? { ...one, at: Math.round(one.at / unit) * unit } : one
        );
        if (!isInOrder(schedule)) continue;
        if (await this.#fails({ ...this.#best.options, faults: schedule })) break;
      }
    }
  }

  /** Whether the same failure comes with other options; then they are the best so far. */
  async #fails(options: SimulationOptions): Promise<boolean> {
    const key = JSON.stringify(options);
    if (this.#tried.has(key) || this.#runs >= this.#limits.runs || this.#limits.isOver()) {
      return false;
    }
    this.#tried.add(key);
    this.#runs++;
    const error = await this.#attempt(options);
    if (error === null) return false;
    const identity = identityOf(error);
    if (identity !== this.#identity) {
      this.#others.set(identity, error.problem);
      return false;
    }
    this.#best = { error, options };
    return true;
  }
}

function isInOrder(schedule: readonly ScheduledFault[]): boolean {
  return schedule.every(({ at }, index) => index === 0 || at >= (schedule[index - 1]?.at ?? 0));
}
