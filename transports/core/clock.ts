import type { Transport } from "../../protocols/contract.ts";
import { type Check, objectWith } from "../../protocols/option_checks.ts";

/**
 * The longest time that a timer of JavaScript takes, in milliseconds: 31 bits, 24.8 days. A longer
 * one would fire after 1 ms.
 */
const MAX_TIMER_MS = 2_147_483_647;

/** Where layers that measure time get it from: the system's clock, or one that a test moves. */
export interface Clock {
  /** The time now, in milliseconds since any moment; it never goes back. */
  now(): number;
  /**
   * Calls back once after a time, unless the function that it returns is called before. The time is
   * finite and at most 2^31 - 1 ms: the library splits what is longer.
   */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The check of an option that is a clock. */
export const clockCheck: Check = objectWith("a Clock", "now", "after");

/** The system's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    // deno-lint-ignore sluice/timers -- the one place that sets timers
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** The system's clock, with timers that do not keep the process alive. */
const backgroundClock: Clock = {
  now: systemClock.now,
  after: (milliseconds, callback) => {
    // deno-lint-ignore sluice/timers -- the other place that sets timers
    const timer = setTimeout(callback, milliseconds);
    Deno.unrefTimer(Number(timer));
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
 * Calls back once after a time of any length; `Infinity` is never. Everything in the library that
 * waits for time to pass goes through this function.
 *
 * @param milliseconds How long.
 * @param callback What to call.
 * @param clock Where the time comes from.
 * @returns Prevents the call.
 */
export function startTimer(
  milliseconds: number,
  callback: () => void,
  clock: Clock = systemClock,
): () => void {
  if (milliseconds === Infinity) return () => {};
  let left = milliseconds;
  let cancel = (): void => {};
  const goOn = (): void => {
    const part = Math.min(left, MAX_TIMER_MS);
    left -= part;
    cancel = clock.after(part, left > 0 ? goOn : callback);
  };
  goOn();
  return () => cancel();
}

/**
 * A time of any length for a timer that is not ours: the longest that it takes, if that is too long
 * for it.
 */
export function toTimerMs(milliseconds: number): number {
  return Math.min(milliseconds, MAX_TIMER_MS);
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
  signal?.addEventListener("abort", expire, { once: true });
  promise.then(settle, settle);
  try {
    return await outcome.promise;
  } finally {
    cancel();
    signal?.removeEventListener("abort", expire);
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
