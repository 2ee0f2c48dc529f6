import { onAbort, type WaitSignal } from "./wait_signal.ts";

interface Waiting {
  resolve(): void;
  reject(reason: unknown): void;
}

/** Shared by all queues in which nothing has waited yet. */
const NONE: Waiting[] = [];

/** Those who wait for one thing to happen, each for as long as its signal lets it. */
export class WaitQueue {
  #waiting: Waiting[] = NONE;

  /** Whether there is no wait. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * Waits until {@linkcode release}.
   *
   * @param signal Ends the waiting when it aborts, with its reason. The place in the queue is given
   * up at once, not a turn later, so that the next wait may begin directly afterwards.
   * @param onReleased Called by {@linkcode release} itself, before the promise resolves. The
   * promise rejects with an exception of it.
   */
  wait(signal?: WaitSignal, onReleased?: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const go = onReleased === undefined ? resolve : () => {
      try {
        onReleased();
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    if (signal === undefined) this.#add({ resolve: go, reject });
    else this.#waitWith(signal, { resolve: go, reject });
    return promise;
  }

  /** Ends all waits. */
  release(): void {
    // Nearly always none or one: not worth an array.
    if (this.#waiting.length < 2) return this.#waiting.pop()?.resolve();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve();
  }

  /** Ends the longest wait; says whether there was one. */
  releaseFirst(): boolean {
    const first = this.#waiting.shift();
    first?.resolve();
    return first !== undefined;
  }

  /** Fails all waits. */
  fail(reason: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }

  #add(waiting: Waiting): void {
    // A list that grows has room for 17 at once, which every connection with a read would hold.
    if (this.#waiting.length === 0) this.#waiting = [waiting];
    else this.#waiting.push(waiting);
  }

  #waitWith(signal: WaitSignal, { resolve, reject }: Waiting): void {
    if (signal.aborted) return reject(signal.reason);
    const stop = onAbort(signal, () => {
      // It may have been released by another listener of the same signal.
      const index = this.#waiting.indexOf(waiting);
      if (index !== -1) this.#waiting.splice(index, 1);
      reject(signal.reason);
    });
    const leave = <A extends unknown[]>(settle: (...args: A) => void) => (...args: A) => {
      stop();
      settle(...args);
    };
    const waiting: Waiting = { resolve: leave(resolve), reject: leave(reject) };
    this.#add(waiting);
  }
}

/**
 * Waits for one promise, which must not reject, any number of times. However many of them are
 * aborted, the promise has one reaction: `Promise.race` would leave one for each, as long as the
 * promise is pending.
 */
export class SharedWait<T> {
  readonly #queue = new WaitQueue();
  #outcome: { readonly value: T } | null = null;

  /** Waits for `promise`. */
  constructor(promise: Promise<T>) {
    void promise.then((value) => {
      this.#outcome = { value };
      this.#queue.release();
    });
  }

  /** Fails all waits that are under way. */
  fail(reason: unknown): void {
    this.#queue.fail(reason);
  }

  /**
   * Resolves to the value of the promise; or rejects with the signal's reason if that aborts
   * before.
   */
  async wait(signal?: WaitSignal): Promise<T> {
    signal?.throwIfAborted();
    while (this.#outcome === null) await this.#queue.wait(signal);
    return this.#outcome.value;
  }
}
