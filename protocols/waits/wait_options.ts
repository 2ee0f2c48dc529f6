import { Deadline } from "./deadline.ts";
import { TimeoutError } from "../errors.ts";
import { type Check, check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { WaitSignal } from "./wait_signal.ts";

/** Options for a wait. */
export interface WaitOptions {
  /**
   * Ends the waiting when it aborts, with its reason. No byte is lost by that, and nothing that was
   * sent is taken back.
   */
  readonly signal?: AbortSignal;
  /**
   * Ends the waiting after so many milliseconds, with a `TimeoutError`. Nothing is lost by that
   * either: the next call goes on where this one stopped. `Infinity` is no limit.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
}

/** The checks of {@linkcode WaitOptions}. */
export const WAIT_CHECKS: OptionTable<WaitOptions> = {
  signal: check.abortSignal,
  timeout: check.duration(),
};

const NONE: Readonly<Record<string, Check>> = {};

/** Shared by the waits that are given none: most of them. */
export const NO_OPTIONS: WaitOptions = {};

/**
 * The signal that a wait heeds. Waits are made often, so the options are gone through by their
 * table only where they hold something else.
 *
 * @param action What is waited for, for the text of an error: "read line".
 * @param options What was given.
 * @param others The checks of the options that the wait has besides.
 * @returns The signal, or one that knows of the timeout as well; `undefined` if there is neither.
 * @throws {TypeError} If it is no object, or an option is not known or of the wrong kind.
 * @throws {RangeError} If the timeout is not above 0.
 */
export function signalOf(
  action: string,
  options: WaitOptions,
  others: Readonly<Record<string, Check>> = NONE,
): WaitSignal | undefined {
  if (options === NO_OPTIONS) return undefined;
  if (!isPlain(action, options, others)) {
    checkOptions<object>(action, options, { ...WAIT_CHECKS, ...others });
  }
  return waitSignal(action, options);
}

/** As {@linkcode signalOf}, of options that were checked. */
export function waitSignal(
  action: string,
  { signal, timeout = Infinity }: WaitOptions,
): WaitSignal | undefined {
  if (timeout === Infinity) return signal;
  const makeError = () => new TimeoutError(`Cannot ${action} within ${timeout} ms`, timeout);
  return new Deadline(timeout, signal, makeError);
}

/** Whether the options are certainly right. */
function isPlain(
  action: string,
  options: WaitOptions,
  others: Readonly<Record<string, Check>>,
): boolean {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const { signal, timeout } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) return false;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0)) return false;
  for (const name in options) {
    if (name === "signal" || name === "timeout") continue;
    const checkOther = others[name];
    if (checkOther === undefined) return false;
    checkOther(Reflect.get(options, name), { action, name });
  }
  return true;
}
