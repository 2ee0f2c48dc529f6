// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.
import { stripVTControlCharacters } from "node:util";

import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

// deno-lint-ignore no-explicit-any -- any class of errors will do, with any parameters
type ErrorType<E extends Error> = abstract new (...args: any[]) => E;

/** Fails in any case. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${ending(msg)}`);
}

/** Fails: the place of the call must not be reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${ending(msg)}`);
}

/** Throws unless the value is an error of the class whose message contains or matches the text. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any -- see ErrorType, which a public signature may not name
  ErrorClass?: abstract new (...args: any[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${ending(msg)}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", ` +
        `but was "${error.constructor?.name}"${ending(msg)}`,
    );
  }
  if (!msgMatches) return;
  const text = stripVTControlCharacters(error.message);
  const found = typeof msgMatches === "string"
    ? text.includes(stripVTControlCharacters(msgMatches))
    : msgMatches.test(text);
  if (found) return;
  const wanted = typeof msgMatches === "string" ? JSON.stringify(msgMatches) : `${msgMatches}`;
  throw new AssertionError(
    `Expected error message to include ${wanted}, ` +
      `but got ${JSON.stringify(error.message)}${ending(msg)}`,
  );
}

/** Calls the function and throws unless that throws; gives what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Calls the function and throws unless that throws an error of the class, with the text in it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any -- see ErrorType, which a public signature may not name
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorType<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const { ErrorClass, text, message } = sortArguments(
    errorClassOrMsg,
    msgIncludes,
    msg,
    msgIncludes,
  );
  try {
    fn();
  } catch (error) {
    if (ErrorClass) {
      if (!(error instanceof Error)) {
        throw new AssertionError(`A non-Error object was thrown${ending(message)}`);
      }
      assertIsError(error, ErrorClass, text, message);
    }
    return error;
  }
  throw new AssertionError(`Expected function to throw${ending(message)}`);
}

/** Calls the function and rejects unless its promise rejects; resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Calls the function and rejects unless its promise rejects with such an error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- see ErrorType, which a public signature may not name
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorType<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const { ErrorClass, text, message } = sortArguments(errorClassOrMsg, msgIncludes, msg, msg);
  const promise = promiseOf(fn);
  if (promise === undefined) {
    throw new AssertionError(`Function throws when expected to reject${ending(message)}`);
  }
  try {
    await promise;
  } catch (error) {
    if (ErrorClass) {
      if (!(error instanceof Error)) {
        throw new AssertionError(`A non-Error object was rejected${ending(message)}`);
      }
      assertIsError(error, ErrorClass, text, message);
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${ending(message)}`);
}

/**
 * The value to check, and the text to add to a failure. A class of other things than errors is no
 * check.
 */
function sortArguments<E extends Error>(
  errorClassOrMsg: ErrorType<E> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
  msgWithoutClass: string | undefined,
): {
  ErrorClass?: ErrorType<E> | undefined;
  text?: string | undefined;
  message: string | undefined;
} {
  if (typeof errorClassOrMsg === "string") return { message: errorClassOrMsg };
  const isErrorClass = errorClassOrMsg === undefined ||
    errorClassOrMsg.prototype instanceof Error ||
    errorClassOrMsg.prototype === Error.prototype;
  return isErrorClass
    ? { ErrorClass: errorClassOrMsg, text: msgIncludes, message: msg }
    : { message: msgWithoutClass };
}

/** The promise that the function returns; `undefined` if it throws or returns another value. */
function promiseOf(fn: () => PromiseLike<unknown>): PromiseLike<unknown> | undefined {
  try {
    const returned: unknown = fn();
    const isPromise = typeof returned === "object" && returned !== null && "then" in returned &&
      typeof returned.then === "function";
    // An object with a `then` method is what `await` takes for a promise.
    return isPromise ? returned as PromiseLike<unknown> : undefined;
  } catch {
    return undefined;
  }
}
