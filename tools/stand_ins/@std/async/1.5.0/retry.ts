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
    super(`Retrying exceeded the maxAttempts (${attempts}).`, { cause });
    this.name = "RetryError";
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
  options: RetryOptions = {},
): Promise<T> {
  const { multiplier = 2, maxTimeout = 60_000, maxAttempts = 5, minTimeout = 1000, jitter = 1 } =
    options;
  const { isRetriable = (): boolean => true, signal } = options;
  check("maxAttempts", maxAttempts, Number.isInteger(maxAttempts) && maxAttempts >= 1);
  check("multiplier", multiplier, Number.isFinite(multiplier) && multiplier >= 1);
  check("maxTimeout", maxTimeout, maxTimeout > 0);
  check("minTimeout", minTimeout, minTimeout >= 0 && minTimeout <= maxTimeout);
  check("jitter", jitter, jitter >= 0 && jitter <= 1);

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

function check(name: string, value: number, holds: boolean): void {
  if (!holds) throw new RangeError(`Cannot retry: ${name} is ${value}`);
}
