import { onAbort, type WaitSignal } from "./wait_signal.ts";

/**
 * Items that wait to be taken, or takers that wait for items: never both. An item is given to one
 * taker directly, in the order of asking, so a taker that is aborted takes none with it.
 */
export class TakeQueue<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T | undefined) => void)[] = [];
  #hasEnded = false;

  /** How many items wait. */
  get size(): number {
    return this.#items.length;
  }

  /** Whether a taker waits. */
  get isAwaited(): boolean {
    return this.#takers.length > 0;
  }

  /** Whether no more items come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Adds an item. */
  put(item: T): void {
    const give = this.#takers.shift();
    if (give === undefined) this.#items.push(item);
    else give(item);
  }

  /** Gives an item back that was taken: it is the next. */
  putBack(item: T): void {
    const give = this.#takers.shift();
    if (give === undefined) this.#items.unshift(item);
    else give(item);
  }

  /** Takes the next item, now or when it comes; `undefined` after the last one. */
  take(signal?: WaitSignal): Promise<T | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#items.length > 0 || this.#hasEnded) return Promise.resolve(this.#items.shift());
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const stop = onAbort(signal, () => {
      // It may have been given an item by another listener of the same signal.
      const index = this.#takers.indexOf(give);
      if (index !== -1) this.#takers.splice(index, 1);
      reject(signal?.reason);
    });
    const give = (item: T | undefined): void => {
      stop();
      resolve(item);
    };
    this.#takers.push(give);
    return promise;
  }

  /** No more items come. Those that wait can still be taken. */
  end(): void {
    this.#hasEnded = true;
    for (const give of this.#takers.splice(0)) give(undefined);
  }

  /** Takes all items that wait. */
  clear(): readonly T[] {
    return this.#items.splice(0);
  }
}
