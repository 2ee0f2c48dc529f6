// Below, so that the waits of protocols have it as well.
import { type Clock, MAX_TIMER_MS, startTimer, systemClock } from "../../protocols/waits/clock.ts";
import { onAbort } from "../../protocols/waits/wait_signal.ts";
import type { Transport } from "../../protocols/contract.ts";
import { type Check, check } from "../../protocols/option_checks.ts";

export { type Clock, startTimer, systemClock };

/** The check of an option that is a clock. */
export const clockCheck: Check = check.objectWith("a Clock", "now", "after");

/** The system's clock, with timers that do not keep the process alive. */
export const backgroundClock: Clock = {
  now: systemClock.now,
  after: (milliseconds, callback) => {
    // deno-lint-ignore sluice/timers -- the other place that sets timers
    const timer = setTimeout(callback, milliseconds);
    // By itself: Deno finds none by its number where `setTimeout` gives an object, as in 2.9.
    Deno.unrefTimer(timer as unknown as number);
    return () => clearTimeout(timer);
  },
};

/**
 * The clock for timers that watch over a connection. A socket keeps the process alive as long as it
 * should, so they need not.
 */
export function clockFor(transport: Transport): Clock {
  return transport.getExtraInfo("socket") === null ? systemClock : backgroundClock;
}

/**
 * A time of any length for a timer that is not ours, in whole milliseconds: the longest that it
 * takes, if that is too long for it.
 */
export function toTimerMs(milliseconds: number): number {
  return Math.ceil(Math.min(milliseconds, MAX_TIMER_MS));
}

/**
 * Waits for a promise, at most for a time, and at most until a signal aborts. Leaves no timer and
 * no listener.
 *
 * @param promise What to wait for; a rejection counts as settled.
 * @param milliseconds How long; `Infinity` is without limit.
 * @param signal Ends the waiting.
 * @returns Whether the promise settled in time.
 */
export async function settlesInTime(
  promise: Promise<unknown>,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  if (signal?.aborted) return false;
  const outcome = Promise.withResolvers<boolean>();
  const expire = (): void => outcome.resolve(false);
  const settle = (): void => outcome.resolve(true);
  const cancel = startTimer(milliseconds, expire);
  const stop = onAbort(signal, expire);
  promise.then(settle, settle);
  try {
    return await outcome.promise;
  } finally {
    cancel();
    stop();
  }
}

/**
 * Resolves when the event loop has made a turn: everything that could go on by then has gone on.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Waits one after the other, each of which can be ended early. */
export class Pause {
  #end: (() => void) | null = null;

  /** Resolves after a time, or at {@linkcode end}. */
  async wait(milliseconds: number, clock?: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#end = resolve;
    const cancel = startTimer(milliseconds, resolve, clock);
    await promise;
    cancel();
    this.#end = null;
  }

  /** Ends the wait that is under way, if there is one. */
  end(): void {
    this.#end?.();
  }
}
