import { type Clock, systemClock } from "../../../transports/core/clock.ts";
import { ManualClock } from "./manual_clock.ts";

/** Replaces a clock of the library, by default the system's, until the end of the scope. */
export class ReplacedClock extends ManualClock implements Disposable {
  readonly #clock: Clock;
  readonly #original: Clock;

  constructor(clock: Clock = systemClock) {
    super();
    this.#clock = clock;
    this.#original = { ...clock };
    Object.assign(clock, {
      now: () => this.now(),
      after: (milliseconds: number, callback: () => void) => this.after(milliseconds, callback),
    });
  }

  [Symbol.dispose](): void {
    Object.assign(this.#clock, this.#original);
  }
}
