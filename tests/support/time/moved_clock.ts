import { type Clock, systemClock } from "../../../transports/core/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Stands in for a clock of the library, by default the system's, until the end of the scope: its time
 * goes on when told.
 */
export class MovedClock implements Disposable {
  readonly #clock: Clock;
  readonly #real: Clock;
  readonly #timers = new Set<Timer>();
  #now = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#real = { ...clock };
    Object.assign(clock, {
      now: () => this.#now,
      after: (milliseconds: number, callback: () => void) => {
        const timer = { at: this.#now + milliseconds, callback };
        this.#timers.add(timer);
        return () => void this.#timers.delete(timer);
      },
    });
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time go by. */
  move(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }

  [Symbol.dispose](): void {
    Object.assign(this.#clock, this.#real);
  }
}
