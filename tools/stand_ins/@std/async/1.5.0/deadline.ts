// Stand-in for jsr:@std/async, used only where JSR cannot be reached.
import { abortable } from "./abortable.ts";

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early. */
  signal?: AbortSignal;
}

/**
 * Makes a promise that settles as the given one does, or rejects with a `TimeoutError` once the
 * time has run out. The work of the given promise goes on.
 *
 * @param p The promise to wait for
 * @param ms The longest wait, in milliseconds; none from `Number.MAX_SAFE_INTEGER` on
 * @param options A signal that ends the wait as well, with its reason
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const signals = ms < Number.MAX_SAFE_INTEGER ? [AbortSignal.timeout(ms)] : [];
  if (options.signal) signals.push(options.signal);
  return await abortable(p, AbortSignal.any(signals));
}
