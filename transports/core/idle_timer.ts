import { type Clock, systemClock } from "./clock.ts";

/** Calls back after a time in which nothing happened. Touching it costs a clock reading, not a timer. */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  readonly #clock: Clock;
  #touchedAt: number;
  #cancel: () => void;

  /** Starts the time. */
  constructor(timeoutMs: number, onIdle: () => void, clock: Clock = systemClock) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
    this.#clock = clock;
    this.#touchedAt = clock.now();
    this.#cancel = clock.after(timeoutMs, () => this.#check());
  }

  /** Something happened: the time starts anew. */
  touch(): void {
    this.#touchedAt = this.#clock.now();
  }

  /** Calls back no more. */
  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const left = this.#touchedAt + this.#timeoutMs - this.#clock.now();
    if (left <= 0) return this.#onIdle();
    this.#cancel = this.#clock.after(left, () => this.#check());
  }
}
