/** Something with bytes to send. */
interface Flushable {
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

let waiting: Flushable[] = [];
let quiet = 0;

/**
 * Flushes `target` once this turn of the event loop has nothing more to write: what its callbacks
 * and the promises they resolve write to a connection leaves in one operation. Unlike a timer or
 * `setImmediate` this costs no further turn of the loop.
 */
export function flushSoon(target: Flushable): void {
  quiet = 0;
  if (waiting.push(target) === 1) READY.then(awaitQuiet);
}

/** A connection whose flush is scheduled has written more. */
export function deferFlush(): void {
  quiet = 0;
}

function awaitQuiet(): void {
  if (++quiet < QUIET_MICROTASKS) {
    READY.then(awaitQuiet);
    return;
  }
  const targets = waiting;
  waiting = [];
  for (const target of targets) target.flush();
}
