/** Something with bytes to send. */
export interface Flushable {
  /** Sends what is queued. Must not throw. */
  flush(): void;
}

let waiting: Flushable[] = [];

/**
 * Flushes `target` at the end of this turn of the event loop: what many callbacks of one turn write to a
 * connection then leaves in one operation. One timer serves all connections.
 */
export function flushSoon(target: Flushable): void {
  if (waiting.push(target) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const targets = waiting;
  waiting = [];
  for (const target of targets) target.flush();
}
