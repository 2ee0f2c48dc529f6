/** Calls back after a time in which nothing happened. Touching it costs a clock reading, not a timer. */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #touchedAt = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  /** Starts the time. */
  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
    this.#timer = setTimeout(() => this.#check(), timeoutMs);
  }

  /** Something happened: the time starts anew. */
  touch(): void {
    this.#touchedAt = performance.now();
  }

  /** Calls back no more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const left = this.#touchedAt + this.#timeoutMs - performance.now();
    if (left <= 0) return this.#onIdle();
    this.#timer = setTimeout(() => this.#check(), left);
  }
}
