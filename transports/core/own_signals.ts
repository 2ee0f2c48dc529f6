/** Signals that this program was told of and that were sent to it once more. */
const raised = new Set<string>();

/**
 * Sends a signal that this program has been told of to it once more, so that the signal does what
 * it does without us.
 */
export function raiseAgain(signal: Deno.Signal): void {
  raised.add(signal);
  Deno.kill(Deno.pid, signal);
}

/** Whether a signal that arrived is one of {@linkcode raiseAgain}, and so no second one. */
export function wasRaisedAgain(signal: Deno.Signal): boolean {
  return raised.delete(signal);
}
