import type { Clock } from "../../../transports/core/clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>();

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, ring: () => void): () => void {
    const alarm = { at: this.#now + milliseconds, ring };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  /** Moves on, and rings in order what is due on the way. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.at;
      this.#alarms.delete(next);
      next.ring();
    }
    this.#now = end;
  }

  #next(end: number): { readonly at: number; readonly ring: () => void } | undefined {
    const due = [...this.#alarms].filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}
