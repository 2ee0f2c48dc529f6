/** Something with bytes to send. */
export interface Flushable {
  /** Sends what is queued. Must not throw. */
  flush(): void;
}

/**
 * After so many microtasks in a row without a write, the queued bytes are sent. A handler that
 * reads the next buffered line, writes its answer and drains takes three or four from one write to
 * the next.
 */
const QUIET_MICROTASKS = 8;

const READY: Promise<void> = Promise.resolve();

/**
 * Flushes connections once a turn of the event loop has nothing more to write: what its callbacks
 * and the promises they resolve write to a connection leaves in one operation. Unlike a timer or
 * `setImmediate` this costs no further turn of the loop.
 */
export class FlushScheduler {
  #waiting: Flushable[] = [];
  #quiet = 0;

  /** Flushes `target` at the end of this turn. */
  flushSoon(target: Flushable): void {
    this.#quiet = 0;
    if (this.#waiting.push(target) === 1) READY.then(this.#awaitQuiet);
  }

  /** A connection whose flush is scheduled has written more. */
  deferFlush(): void {
    this.#quiet = 0;
  }

  readonly #awaitQuiet = (): void => {
    if (++this.#quiet < QUIET_MICROTASKS) {
      READY.then(this.#awaitQuiet);
      return;
    }
    const targets = this.#waiting;
    this.#waiting = [];
    for (const target of targets) target.flush();
  };
}

/** The one of the whole program. */
export const flushScheduler: FlushScheduler = new FlushScheduler();
