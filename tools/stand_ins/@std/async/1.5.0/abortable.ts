// Stand-in for jsr:@std/async, used only where JSR cannot be reached.

/**
 * Makes a promise that settles as the given one does, or rejects with the signal's reason if the
 * signal aborts first. The work of the given promise goes on.
 */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/**
 * Makes an iteration over the given one that throws the signal's reason once the signal aborts.
 * The given iterator's `return` is called when it ends, fails or the signal aborts. As in version
 * 1.5.0 it is not called when the consumer leaves the iteration early.
 */
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  return p instanceof Promise ? abortablePromise(p, signal) : abortableIteration(p, signal);
}

function abortablePromise<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const abort = new Abort(signal);
  return Promise.race([abort.promise, promise]).finally(() => abort.ignore());
}

async function* abortableIteration<T>(
  iterable: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  signal.throwIfAborted();
  const abort = new Abort(signal);
  const source = iterable[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = Promise.race([abort.promise, source.next()]);
      next.catch(() => abort.ignore());
      const { done, value } = await next;
      if (done) {
        abort.ignore();
        return (await source.return?.(value))?.value;
      }
      yield value;
    }
  } catch (error) {
    await source.return?.();
    throw error;
  }
}

/** A promise that rejects when a signal aborts. */
class Abort {
  readonly promise: Promise<never>;
  readonly #signal: AbortSignal;
  readonly #reject: () => void;

  constructor(signal: AbortSignal) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.promise = promise;
    this.#signal = signal;
    this.#reject = () => reject(signal.reason);
    if (signal.aborted) this.#reject();
    signal.addEventListener("abort", this.#reject, { once: true });
  }

  /** Leaves the promise pending from now on. */
  ignore(): void {
    this.#signal.removeEventListener("abort", this.#reject);
  }
}
