import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import type { WaitSignal } from "../../../protocols/waits/wait_signal.ts";
import type { Process } from "./process.ts";

/** How many steps the loops of a program make before they wait for a turn. */
const MAX_STEPS = 2000;
/**
 * The time that those steps take, in milliseconds: without it, a loop that goes on would stop time.
 */
const STEPS_MS = 1;

/**
 * Keeps the loops of a program from running for ever, as `turnBudget` does outside of a world, and
 * by counting instead of looking at a clock: what happens must not depend on how long it takes.
 */
export class StepBudget {
  readonly #process: Process;
  readonly #waiting = new WaitQueue();
  #steps = 0;
  #event = 0;

  /** The budget of a program. */
  constructor(process: Process) {
    this.#process = process;
  }

  /** Counts a step. Returns whether to wait for {@linkcode untilRenewed} before the next one. */
  spend(): boolean {
    const { steps } = this.#process.scheduler;
    if (steps !== this.#event) {
      this.#event = steps;
      this.#steps = 0;
    }
    return ++this.#steps > MAX_STEPS;
  }

  /** Resolves after the time that the steps take. */
  untilRenewed(signal?: WaitSignal): Promise<void> {
    if (this.#waiting.isEmpty) {
      const { scheduler, host } = this.#process;
      // An event of its own, so that everything else that is due comes first.
      scheduler.after(STEPS_MS, host, () => this.#waiting.release());
    }
    return this.#waiting.wait(signal);
  }
}
