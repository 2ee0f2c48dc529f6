/**
 * A signal that ends a wait: an `AbortSignal`, or a {@linkcode Deadline}, used in the same way. A
 * wait that has begun holds a listener for as long as it lasts, and no longer.
 */
export interface WaitSignal {
  /** Whether the wait must not begin any more. */
  readonly aborted: boolean;
  /** Why not. */
  readonly reason: unknown;
  /** Throws the reason, if the wait was ended. */
  throwIfAborted(): void;
  /** Has `listener` called when the wait is to end. */
  addEventListener(
    type: "abort",
    listener: () => void,
    options?: { readonly once?: boolean },
  ): void;
  /** Calls it no more. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Calls back once a signal aborts.
 *
 * @returns Ends that.
 */
export function onAbort(signal: WaitSignal | undefined, callback: () => void): () => void {
  signal?.addEventListener("abort", callback, { once: true });
  return () => signal?.removeEventListener("abort", callback);
}

/**
 * Waits for a promise until the signal aborts, and rejects with its reason then. Leaves no
 * listener. The promise goes on.
 */
export async function abortable<T>(
  promise: Promise<T>,
  signal: WaitSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await promise;
  if (signal.aborted) {
    promise.catch(() => {});
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const stop = onAbort(signal, () => aborted.reject(signal.reason));
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    stop();
  }
}
