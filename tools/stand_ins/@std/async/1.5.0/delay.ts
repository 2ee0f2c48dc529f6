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

/** A timer takes no more than this, in milliseconds: longer waits take several. */
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
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = Date.now() + Math.trunc(Math.max(ms, 0) || 0);
  let timer: number;

  const wait = (): void => {
    const left = end - Date.now();
    const [next, ms] = left > LONGEST_TIMER ? [wait, LONGEST_TIMER] : [finish, left];
    timer = Number(setTimeout(next, ms));
    if (!persistent) Deno.unrefTimer(timer);
  };
  const finish = (): void => {
    signal?.removeEventListener("abort", abort);
    resolve();
  };
  const abort = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  signal?.addEventListener("abort", abort, { once: true });
  wait();
  return promise;
}
