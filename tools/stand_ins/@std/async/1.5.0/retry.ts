// Stand-in for jsr:@std/async, used only where JSR cannot be reached.
import { delay } from "./delay.ts";

/** The error of {@linkcode retry} when the last attempt has failed; its cause is that failure. */
export class RetryError extends Error {
  /**
   * Makes the error.
   *
   * @param cause Why the last attempt failed
   * @param attempts How many were made
   */
  constructor(cause: unknown, attempts: number) {
    super(`Retrying exceeded the maxAttempts (${attempts}).`);
    this.name = "RetryError";
    this.cause = cause;
  }
}

/** Options for {@linkcode retry}. */
export interface RetryOptions {
  /**
   * By how much each wait is longer than the one before it.
   *
   * @default {2}
   */
  multiplier?: number;
  /**
   * The longest wait between two attempts, in milliseconds.
   *
   * @default {60000}
   */
  maxTimeout?: number;
  /**
   * The number of attempts.
   *
   * @default {5}
   */
  maxAttempts?: number;
  /**
   * The wait after the first attempt, in milliseconds.
   *
   * @default {1000}
   */
  minTimeout?: number;
  /**
   * The part of each wait that chance may take away, from 0 to 1.
   *
   * @default {1}
   */
  jitter?: number;
  /**
   * Tells whether another attempt makes sense after this failure.
   *
   * @default {() => true}
   */
  isRetriable?: (err: unknown) => boolean;
  /** Ends the waits and the attempts, with its reason. */
  signal?: AbortSignal;
}

/**
 * Calls a function until it succeeds, with growing waits between the attempts.
 *
 * @param fn What to attempt
 * @param options How often, and how long to wait in between
 * @returns What the first successful attempt gave
 * @throws {RetryError} If every attempt failed
 */
export async function retry<T>(
  fn: (() => Promise<T>) | (() => T),
  options?: RetryOptions,
): Promise<T> {
  const { multiplier = 2, maxTimeout = 60_000, maxAttempts = 5, minTimeout = 1000, jitter = 1 } =
    options ?? {};
  const { isRetriable = (): boolean => true, signal } = options ?? {};
  const check = (isRight: boolean, name: string, rule: string, value: number): void => {
    if (!isRight) throw wrong(`'${name}' must be ${rule}: current value is ${value}`);
  };
  check(
    Number.isInteger(maxAttempts) && maxAttempts >= 1,
    "maxAttempts",
    "a positive integer",
    maxAttempts,
  );
  check(
    Number.isFinite(multiplier) && multiplier >= 1,
    "multiplier",
    "a finite number >= 1",
    multiplier,
  );
  check(maxTimeout > 0, "maxTimeout", "a positive number", maxTimeout);
  check(minTimeout >= 0, "minTimeout", ">= 0", minTimeout);
  if (minTimeout > maxTimeout) {
    const values = `'minTimeout=${minTimeout}', 'maxTimeout=${maxTimeout}'`;
    throw wrong(`'minTimeout' must be <= 'maxTimeout': current values ${values}`);
  }
  check(jitter >= 0 && jitter <= 1, "jitter", "between 0 and 1", jitter);

  for (let attempt = 1;; attempt++) {
    signal?.throwIfAborted();
    try {
      return await fn();
    } catch (error) {
      if (!isRetriable(error)) throw error;
      if (attempt >= maxAttempts) throw new RetryError(error, maxAttempts);
    }
    const wait = Math.min(maxTimeout, minTimeout * multiplier ** (attempt - 1));
    await delay(wait * (1 - jitter * Math.random()), signal ? { signal } : {});
  }
}

function wrong(reason: string): RangeError {
  return new RangeError(`Cannot retry as ${reason}`);
}
