import { startTimer } from "../../../core/clock.ts";

/**
 * Tries candidates one after the other, the next one when the last has failed or has taken
 * `delay`, and gives what the first one gives that succeeds (RFC 8305 section 5). The others are
 * aborted.
 *
 * @param candidates At least one.
 * @param attempt Tries one; ends when the signal aborts.
 * @param drop Gives back what came too late.
 * @param delay How long one has for itself, in milliseconds.
 * @param signal Ends all of them, with its reason.
 * @throws The error of the last one that failed, if all do.
 */
export function raceInTurn<C, T>(
  candidates: readonly C[],
  attempt: (candidate: C, signal: AbortSignal) => Promise<T>,
  drop: (result: T) => void,
  delay: number,
  signal: AbortSignal,
): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const over = new AbortController();
  let next = 0;
  let running = 0;
  let cancelTimer = (): void => {};
  const onAbort = (): void => {
    finish();
    reject(signal.reason);
  };
  const finish = (): void => {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
    over.abort();
  };
  const onFailed = (error: unknown): void => {
    running--;
    if (over.signal.aborted) return;
    if (next < candidates.length) return start();
    if (running > 0) return;
    finish();
    reject(error);
  };
  const onDone = (result: T): void => {
    if (over.signal.aborted) return drop(result);
    finish();
    resolve(result);
  };
  const start = (): void => {
    cancelTimer();
    const candidate = candidates[next++];
    if (candidate === undefined) return;
    running++;
    attempt(candidate, over.signal).then(onDone, onFailed);
    if (next < candidates.length) cancelTimer = startTimer(delay, start);
  };
  signal.addEventListener("abort", onAbort);
  start();
  return promise;
}
