import type { FrameError } from "../protocols/errors.ts";
import { isThenable } from "../protocols/thrown.ts";

/**
 * A user's callback for bad messages as `FrameReader` calls it.
 *
 * @param onBadMessage The callback; it may return a promise, which nothing waits for.
 * @param onRejected Told why such a promise rejected.
 * @returns The callback to pass on; `undefined` if there is none.
 */
export function tellBadMessages(
  onBadMessage: ((error: FrameError) => unknown) | undefined,
  onRejected: (thrown: unknown) => void,
): ((error: FrameError) => void) | undefined {
  if (onBadMessage === undefined) return undefined;
  return (error) => {
    const answer = onBadMessage(error);
    if (isThenable(answer)) Promise.resolve(answer).catch(onRejected);
  };
}
