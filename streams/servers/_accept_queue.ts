import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";

/** How many connections wait to be accepted before no more are taken from the system. */
const MAX_WAITING = 64;

/** A call that waits for a connection. */
interface Taker<T> {
  /** Gives it the connection; `null` says that none will come. */
  give(connection: T | null): void;
}

/**
 * Connections that wait for `accept()`, or calls of `accept()` that wait for connections: never
 * both. A connection is given to one call directly, in the order of the calls, so a call that is
 * aborted takes none with it.
 */
export class AcceptQueue<T> {
  #arrived: T[] = [];
  #takers: Taker<T>[] = [];
  #hasEnded = false;

  /** Whether no more connections should come. */
  get isFull(): boolean {
    return this.#arrived.length >= MAX_WAITING;
  }

  /** Adds a connection. Tells whether it was: after the end it is not. */
  put(connection: T): boolean {
    if (this.#hasEnded) return false;
    const taker = this.#takers.shift();
    if (taker === undefined) this.#arrived.push(connection);
    else taker.give(connection);
    return true;
  }

  /**
   * The next connection, now or when it comes; `null` after the last one.
   *
   * @param signal Ends the waiting when it aborts, with its reason.
   */
  async take(signal?: WaitSignal): Promise<T | null> {
    signal?.throwIfAborted();
    const connection = this.#arrived.shift();
    if (connection !== undefined) return connection;
    return this.#hasEnded ? null : await this.#wait(signal);
  }

  /** No connection comes any more. Those that wait can still be taken. */
  end(): void {
    this.#hasEnded = true;
    for (const taker of this.#takers.splice(0)) taker.give(null);
  }

  /** Takes all connections that wait. */
  clear(): readonly T[] {
    return this.#arrived.splice(0);
  }

  #wait(signal?: WaitSignal): Promise<T | null> {
    const { promise, resolve, reject } = Promise.withResolvers<T | null>();
    const onAbort = () => {
      this.#takers = this.#takers.filter((other) => other !== taker);
      reject(signal?.reason);
    };
    const taker: Taker<T> = {
      give: (connection) => {
        signal?.removeEventListener("abort", onAbort);
        resolve(connection);
      },
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#takers.push(taker);
    return promise;
  }
}
