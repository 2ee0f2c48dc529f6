import { startTimer } from "../clock.ts";

/** Why nothing can be sent any more on a connection of which the rest is still being read. */
export class WriteFailure {
  /** The failure of the write. */
  readonly error: Error;
  /** How many bytes were queued and are never sent, once that was told. */
  dropped = 0;
  readonly #tell: (failure: WriteFailure) => void;
  #stopWaiting: (() => void) | null = null;

  /** `tell` is called once, after {@linkcode tellInTime}. */
  constructor(error: Error, tell: (failure: WriteFailure) => void) {
    this.error = error;
    this.#tell = tell;
  }

  /**
   * Has it told in the next turn. A reset is told to one operation only. If the read under way is
   * told, it knows better than the write, which fails in the same turn with a mere broken pipe.
   */
  tellInTime(): void {
    this.#stopWaiting ??= startTimer(0, () => this.#tell(this));
  }

  /** Tells no more: the connection is lost. */
  stop(): void {
    this.#stopWaiting?.();
  }
}
