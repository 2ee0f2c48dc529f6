import { Deadline } from "../../protocols/waits/deadline.ts";
import { abortable } from "../../protocols/waits/wait_signal.ts";
import { ConnectTimeoutError } from "../../protocols/errors.ts";
import { check, type OptionTable } from "../../protocols/option_checks.ts";

/** How long opening may take by default, in milliseconds. */
const DEFAULT_OPEN_TIMEOUT = 30_000;

/** Options for opening what is to carry a connection. */
export interface OpenOptions {
  /**
   * How many milliseconds opening may take.
   *
   * @default {30000}
   */
  readonly connectTimeout?: number;
  /** Gives up the attempt when it aborts. */
  readonly signal?: AbortSignal;
}

/** The checks of {@linkcode OpenOptions}. */
export const OPEN_CHECKS: OptionTable<OpenOptions> = {
  connectTimeout: check.duration(),
  signal: check.abortSignal,
};

/**
 * Waits until something is open.
 *
 * @param opened Resolves then, rejects if that fails.
 * @param place What is being opened, for the text of the error.
 * @param options How long to wait.
 * @throws {ConnectTimeoutError} If that takes too long.
 * @throws The reason of the signal.
 */
export async function openInTime(
  opened: Promise<void>,
  place: string,
  { signal, connectTimeout = DEFAULT_OPEN_TIMEOUT }: OpenOptions,
): Promise<void> {
  const makeError = () => new ConnectTimeoutError(place, connectTimeout);
  await abortable(opened, new Deadline(connectTimeout, signal, makeError));
}
