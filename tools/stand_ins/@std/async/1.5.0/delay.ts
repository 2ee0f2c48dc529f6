// Stand-in for jsr:@std/async, used only where JSR cannot be reached.

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait early: the promise rejects with its reason. */
  signal?: AbortSignal;
  /**
   * Whether the process stays alive for the sake of this wait.
   *
   * @default {true}
   */
  persistent?: boolean;
}

/** The longest time that a timer takes, in milliseconds: longer waits take several timers. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Resolves after the given time.
 *
 * @param ms How long, in milliseconds; any number, even an infinite one
 * @param options A signal to end the wait, and whether it keeps the process alive
 */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const timer = new LongTimer(Math.trunc(Math.max(ms, 0) || 0), () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = (): void => {
      clearTimeout(timer.id);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (persistent === false) Deno.unrefTimer(timer.id);
  });
}

/** A timer for any time. */
class LongTimer {
  id: number;

  constructor(ms: number, callback: () => void) {
    const startedAt = Date.now();
    const begin = (left: number): number => {
      if (left <= LONGEST_TIMER) return Number(setTimeout(callback, left));
      return Number(setTimeout(() => {
        this.id = begin(ms - (Date.now() - startedAt));
      }, LONGEST_TIMER));
    };
    this.id = begin(ms);
  }
}
