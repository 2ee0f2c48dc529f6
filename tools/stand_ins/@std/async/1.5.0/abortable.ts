// Stand-in for jsr:@std/async, used only where JSR cannot be reached.

/**
 * Makes a promise that settles as the given one does, or rejects with the signal's reason if the
 * signal aborts first. The work behind the given promise goes on.
 */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/**
 * Makes an iteration over the given one that throws the signal's reason once the signal aborts.
 * The given iterator's `return` is called however the iteration ends.
 */
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  return p instanceof Promise ? abortablePromise(p, signal) : abortableIteration(p, signal);
}

async function abortablePromise<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  using abort = rejectionOn(signal);
  return await Promise.race([abort.promise, promise]);
}

async function* abortableIteration<T>(
  iterable: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  signal.throwIfAborted();
  using abort = rejectionOn(signal);
  const iterator = iterable[Symbol.asyncIterator]();
  let last: T | undefined;
  try {
    while (true) {
      const result = await Promise.race([abort.promise, iterator.next()]);
      if (result.done) {
        last = result.value;
        break;
      }
      yield result.value;
    }
  } finally {
    await iterator.return?.(last);
  }
}

/** A promise that rejects when the signal aborts, until it is disposed of. */
function rejectionOn(signal: AbortSignal): Disposable & { promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return { promise, [Symbol.dispose]: () => signal.removeEventListener("abort", abort) };
}
