import type { AbortOptions, Transport } from "../../../protocols/contract.ts";
import {
  checkOptions,
  flag,
  objectWith,
  type OptionTable,
  show,
} from "../../../protocols/option_checks.ts";
import { TransportWrapper } from "../transport_wrapper.ts";

const CHECKS: OptionTable<AbortOptions> = { reason: objectWith("an Error"), reset: flag };

/** What `abort()` was called with, as options. */
export function toAbortOptions(reason: Error | AbortOptions = {}): AbortOptions {
  const isObject = typeof reason === "object" && reason !== null;
  // An error of another realm is one as well.
  if (isObject && "message" in reason) return { reason };
  if (!isObject || Object.prototype.toString.call(reason) !== "[object Object]") {
    throw new TypeError(`Cannot abort: reason ${show(reason)} is not an Error`);
  }
  checkOptions("abort", reason, CHECKS);
  return reason as AbortOptions;
}

/** The options of an `abort()` below, for an outcome above. */
export function toAbort(
  { error, reset = false }: { readonly error: Error | null; readonly reset?: boolean },
): AbortOptions {
  return error === null ? { reset } : { reason: error, reset };
}

/** Whether a transport can reset its connection. */
export function canReset(transport: Transport): boolean {
  if (transport instanceof TransportWrapper) return canReset(transport.inner);
  return "canReset" in transport && transport.canReset === true;
}

/** The error of a reset that the network of a connection cannot do. */
export function cannotReset(peer: string): TypeError {
  return new TypeError(
    `Cannot reset the connection with ${peer}: that takes TCP and network: nodeNetwork`,
  );
}
