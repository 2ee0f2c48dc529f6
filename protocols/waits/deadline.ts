import { startTimer, systemClock } from "./clock.ts";
import type { TimeoutError } from "../errors.ts";
import type { WaitSignal } from "./wait_signal.ts";

/**
 * A time limit, and perhaps a signal, as one {@linkcode WaitSignal}. The time begins with the first
 * wait. There is a timer, and a listener on the signal, only while something listens here: a call
 * that need not wait costs neither, and a wait that is over leaves neither.
 *
 * The time passes over all waits of one call together. If it has passed, no further wait begins,
 * even where bytes come so fast that no timer gets its turn in between.
 */
export class Deadline implements WaitSignal {
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #makeError: () => TimeoutError;
  readonly #listeners = new Set<() => void>();
  #endsAt: number | null = null;
  #error: TimeoutError | null = null;
  #cancelTimer: (() => void) | null = null;

  /** Ends the waiting by the signal, or by an error when the time has passed. */
  constructor(timeoutMs: number, signal: AbortSignal | undefined, makeError: () => TimeoutError) {
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    this.#makeError = makeError;
  }

  get aborted(): boolean {
    if (this.#hasEnded) return true;
    if (this.#left > 0) return false;
    this.#error = this.#makeError();
    return true;
  }

  get reason(): unknown {
    return this.#error ?? this.#signal?.reason;
  }

  throwIfAborted(): void {
    if (this.#hasEnded) throw this.reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
    if (this.#cancelTimer !== null) return;
    this.#cancelTimer = startTimer(Math.max(0, this.#left), this.#onTime);
    this.#signal?.addEventListener("abort", this.#onAbort);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#leave();
  }

  get #hasEnded(): boolean {
    return this.#error !== null || this.#signal?.aborted === true;
  }

  /** How much time is left. */
  get #left(): number {
    const now = systemClock.now();
    this.#endsAt ??= now + this.#timeoutMs;
    return this.#endsAt - now;
  }

  readonly #onTime = (): void => {
    this.#error ??= this.#makeError();
    this.#end();
  };

  readonly #onAbort = (): void => this.#end();

  #end(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#leave();
    for (const listener of listeners) listener();
  }

  #leave(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
