import type { Transport } from "../../protocols/contract.ts";
import { show } from "../../protocols/option_checks.ts";
import { ConnectionLostError } from "../../protocols/errors.ts";
import { isThenable, toError } from "../../protocols/thrown.ts";
import { type ErrorHandler, report } from "./error_report.ts";

/**
 * Told what a callback threw, or what the promise that it returned was rejected with, and which
 * callback.
 */
export type CallbackErrorSink = (callback: string, thrown: unknown) => void;

/**
 * Calls a callback of the user, if there is one. Every callback of the user is called by this
 * function, so that none can throw into the library or leave a rejection to the process.
 *
 * @param target Whose callback it is.
 * @param name The name of the method.
 * @param onError Told of an exception or a rejection; it must not throw.
 * @param args What the callback is given.
 * @returns Its result; for a thenable a promise, which does not reject;
 * `undefined` if it failed.
 */
export function callBack(
  target: object,
  name: string,
  onError: CallbackErrorSink,
  ...args: readonly unknown[]
): unknown {
  try {
    const callback = (target as Readonly<Record<string, unknown>>)[name];
    if (callback === undefined) return undefined;
    const answer: unknown = Reflect.apply(
      callback as (...args: unknown[]) => unknown,
      target,
      args,
    );
    if (!isThenable(answer)) return answer;
    return Promise.resolve(answer).then(undefined, (thrown) => onError(name, thrown));
  } catch (thrown) {
    onError(name, thrown);
    return undefined;
  }
}

/**
 * Whether a callback only passed on that the connection was lost, as one does that awaits
 * `drain()`: the connection tells of that itself.
 *
 * @param lost How the connection was lost; `null` while it is not.
 */
export function isLoss(
  callback: string,
  error: Error,
  lost: { readonly error: Error | null } | null,
): boolean {
  if (lost === null || callback === "connectionLost") return false;
  return error === lost.error || error instanceof ConnectionLostError;
}

/** A sink that reports what a callback threw, and ends the connection with it. */
export function endsConnection(
  transport: Transport,
  onError: ErrorHandler | undefined,
): CallbackErrorSink {
  return (callback, thrown) => {
    const error = toError(thrown);
    report(onError, error, { callback, transport });
    transport.abort(error);
  };
}

/**
 * Throws for what cannot make protocols, before anything is opened.
 *
 * @throws {TypeError} If it is not a function, or is a class: that is called like one in Python
 * only.
 */
export function checkProtocolFactory(protocolFactory: unknown): void {
  if (typeof protocolFactory === "function") {
    if (!isClass(protocolFactory)) return;
    const name = protocolFactory.name || "it";
    throw new TypeError(
      `Cannot make protocols: ${name} is a class, give a function such as () => new ${name}()`,
    );
  }
  throw new TypeError(`Cannot make protocols: ${show(protocolFactory)} is not a function`);
}

/** Whether a function is a class. */
export function isClass(value: unknown): boolean {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * Calls a factory and looks at what it made.
 *
 * @throws {TypeError} If that is not an object, or is a promise.
 */
export function makeProtocol<P extends object>(protocolFactory: () => P): P {
  return checkMade(protocolFactory(), "the factory");
}

/**
 * Throws for what cannot be the protocol of a transport.
 *
 * @throws {TypeError} If it is not an object, or is a promise.
 */
export function checkProtocol(protocol: unknown): void {
  if (typeof protocol === "object" && protocol !== null && !isThenable(protocol)) return;
  const remedy = isClass(protocol) ? `; give new ${(protocol as { name: string }).name}()` : "";
  throw new TypeError(
    `Cannot set protocol: ${show(protocol)} is not an object with callbacks${remedy}`,
  );
}

/**
 * Looks at a protocol that a factory or a layer made.
 *
 * @param made What it returned.
 * @param maker What is to blame, for the text of the error.
 * @throws {TypeError} If that is not an object, or is a promise.
 */
export function checkMade<P>(made: P, maker: string): P {
  if (isThenable(made)) {
    // Its rejection would end the process.
    Promise.resolve(made).catch(() => {});
    throw new TypeError(`Cannot use protocol: ${maker} returned a promise, it must not be async`);
  }
  if (typeof made === "object" && made !== null) return made;
  throw new TypeError(`Cannot use protocol: ${maker} returned ${show(made)}`);
}
