import { isThenable } from "../../protocols/thrown.ts";

/**
 * A user's callback for bad messages as the APIs of framing call it.
 *
 * @param onBadMessage The callback; it may return a promise, which nothing waits for.
 * @param onRejected Told why such a promise rejected.
 * @returns The callback to pass on; `undefined` if there is none.
 */
export function tellBadMessages<A extends unknown[]>(
  onBadMessage: ((...args: A) => unknown) | undefined,
  onRejected: (thrown: unknown) => void,
): ((...args: A) => void) | undefined {
  if (onBadMessage === undefined) return undefined;
  return (...args) => {
    const answer = onBadMessage(...args);
    if (isThenable(answer)) Promise.resolve(answer).catch(onRejected);
  };
}
