interface Waiting {
  resolve(): void;
  reject(reason: unknown): void;
}

/** Those who wait for one thing to happen, each for as long as its signal lets it. */
export class WaitQueue {
  #waiting: Waiting[] = [];

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * Waits until {@linkcode release}.
   *
   * @param signal Ends the waiting when it aborts, with its reason. The place in the queue is given up at
   * once, not a turn later, so that somebody else may wait directly afterwards.
   */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    return this.#waitWith(signal);
  }

  /** Lets everybody go on. */
  release(): void {
    // Nearly always nobody or one: not worth an array.
    if (this.#waiting.length < 2) return this.#waiting.pop()?.resolve();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve();
  }

  /** Tells everybody that it will not happen. */
  fail(reason: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }

  #waitWith(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.reject(signal.reason);
    const onAbort = () => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      reject(signal.reason);
    };
    const leave = <A extends unknown[]>(settle: (...args: A) => void) => (...args: A) => {
      signal.removeEventListener("abort", onAbort);
      settle(...args);
    };
    const waiting: Waiting = { resolve: leave(resolve), reject: leave(reject) };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(waiting);
    return promise;
  }
}
