/**
 * The longest time that a timer of JavaScript takes, in milliseconds: 31 bits, 24.8 days. A longer
 * one would fire after 1 ms.
 */
export const MAX_TIMER_MS = 2_147_483_647;

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

/** The system's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    // deno-lint-ignore sluice/timers -- the one place that sets timers
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

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
