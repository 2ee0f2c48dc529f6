import { startTimer } from "../clock.ts";

/** How long the program stays at most for a signal that ends it, in milliseconds. */
const STAY_MS = 1000;

/**
 * Signals that this program was told of and that were sent to it once more, with what ends the stay
 * of the program for each.
 */
const raised = new Map<string, () => void>();

/**
 * Sends a signal that this program has been told of to it once more, so that the signal does what
 * it does without us.
 */
export function raiseAgain(signal: Deno.Signal): void {
  // Deno ends the program from a thread of its own. A program that has nothing left to do would be
  // faster, and end as if there had been no signal.
  raised.set(signal, startTimer(STAY_MS, () => {}));
  Deno.kill(Deno.pid, signal);
}

/** Whether a signal that arrived is one of {@linkcode raiseAgain}, and so no second one. */
export function wasRaisedAgain(signal: Deno.Signal): boolean {
  raised.get(signal)?.();
  return raised.delete(signal);
}
