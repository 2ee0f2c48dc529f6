import { WaitQueue } from "./wait_queue.ts";
import type { WaitSignal } from "./wait_signal.ts";

/**
 * Items that wait to be taken, or takers that wait for items: never both. An item is given to one
 * taker directly, in the order of asking, so a taker that is aborted takes none with it.
 */
export class TakeQueue<T> {
  readonly #items: T[] = [];
  readonly #takers = new WaitQueue();
  #hasEnded = false;

  /** How many items wait. */
  get size(): number {
    return this.#items.length;
  }

  /** Whether a taker waits. */
  get isAwaited(): boolean {
    return !this.#takers.isEmpty;
  }

  /** Whether no more items come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Adds an item. */
  put(item: T): void {
    this.#items.push(item);
    this.#takers.releaseFirst();
  }

  /** Gives an item back that was taken: it is the next. */
  putBack(item: T): void {
    this.#items.unshift(item);
    this.#takers.releaseFirst();
  }

  /** Takes the next item, now or when it comes; `undefined` after the last one. */
  async take(signal?: WaitSignal): Promise<T | undefined> {
    signal?.throwIfAborted();
    if (this.#items.length > 0 || this.#hasEnded) return this.#items.shift();
    let taken: T | undefined;
    // Within the call that brings the item.
    await this.#takers.wait(signal, () => void (taken = this.#items.shift()));
    return taken;
  }

  /** No more items come. Those that wait can still be taken. */
  end(): void {
    this.#hasEnded = true;
    this.#takers.release();
  }

  /** Takes all items that wait. */
  clear(): readonly T[] {
    return this.#items.splice(0);
  }
}
