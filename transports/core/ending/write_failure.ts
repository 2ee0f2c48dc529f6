import { startTimer } from "../clock.ts";

/** Why nothing can be sent any more on a connection of which the rest is still being read. */
export class WriteFailure {
  /** The failure of the write. */
  readonly error: Error;
  #stopWaiting: (() => void) | null = null;

  /** Told by {@linkcode tellInTime}. */
  constructor(error: Error) {
    this.error = error;
  }

  /**
   * Calls `tell` in the next turn, once. A reset is told to one operation only. If the read under
   * way is told, it knows better than the write, which fails in the same turn with a mere broken
   * pipe.
   */
  tellInTime(tell: (error: Error) => void): void {
    this.#stopWaiting ??= startTimer(0, () => tell(this.error));
  }

  /** Tells no more: the connection is lost. */
  stop(): void {
    this.#stopWaiting?.();
  }
}
