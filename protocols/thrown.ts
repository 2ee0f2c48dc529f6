import { show } from "./option_checks.ts";

/**
 * A thrown value as an `Error`: an error unchanged, any other value as the cause of one. Never
 * throws.
 */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  const shown = typeof thrown === "string" ? thrown : show(thrown);
  return new Error(`Thrown: ${shown}`, { cause: thrown });
}

/** An error on one line: its name and its message. Never throws, for any value. */
export function describeError(error: unknown): string {
  try {
    if (!isError(error)) return toError(error).message;
    const { name, message } = error;
    return oneLine(message === "" ? String(name) : `${name}: ${message}`);
  } catch {
    return "an error that cannot be shown";
  }
}

/** The message of an error, or what was thrown instead of one. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(toError(thrown).message);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Whether a callback returned something to wait for. Throws if asking throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** Text without what would begin a new line or control a terminal: it may come from a peer. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is meant
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}
