// Stand-in for jsr:@std/async, used only where JSR cannot be reached.

/**
 * Joins several async iterations into one, in the order in which their values arrive. Return values
 * are dropped; an error of one iteration ends the joined one.
 */
export class MuxAsyncIterator<T> implements AsyncIterable<T> {
  #running = 0;
  #failures: unknown[] = [];
  #arrivals: { source: AsyncIterator<T>; value: T }[] = [];
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Adds an iteration, also while the joined one is under way. */
  add(iterable: AsyncIterable<T>): void {
    this.#running++;
    void this.#advance(iterable[Symbol.asyncIterator]());
  }

  /**
   * Iterates over the values of all that were added, until each of them is done. As in version
   * 1.5.0, an iteration that was left early or has failed gives its last values again.
   */
  async *iterate(): AsyncIterableIterator<T> {
    while (this.#running > 0) {
      await this.#news.promise;
      // More may arrive meanwhile.
      for (const { source, value } of this.#arrivals) {
        yield value;
        void this.#advance(source);
      }
      if (this.#failures.length > 0) throw this.#failures[0];
      this.#arrivals = [];
      this.#news = Promise.withResolvers();
    }
  }

  /** Iterates as {@linkcode MuxAsyncIterator.iterate} does. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.iterate();
  }

  async #advance(source: AsyncIterator<T>): Promise<void> {
    try {
      const result = await source.next();
      if (result.done) this.#running--;
      else this.#arrivals.push({ source, value: result.value });
    } catch (error) {
      this.#failures.push(error);
    }
    this.#news.resolve();
  }
}
