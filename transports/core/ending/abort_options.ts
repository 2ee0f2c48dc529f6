import type { AbortOptions, Transport } from "../../../protocols/contract.ts";
import { check, checkOptions, type OptionTable, show } from "../../../protocols/option_checks.ts";
import { TransportWrapper } from "../transport_wrapper.ts";

const CHECKS: OptionTable<AbortOptions> = {
  reason: check.objectWith("an Error"),
  reset: check.flag,
};

/** The arguments of `abort()`, as options. */
export function toAbortOptions(reason: Error | AbortOptions = {}): AbortOptions {
  if (isError(reason)) return { reason };
  if (Object.prototype.toString.call(reason) !== "[object Object]") throw noReason(reason);
  checkOptions("abort", reason, CHECKS);
  return reason;
}

/**
 * Throws for what cannot be the reason of an `abort()` without options.
 *
 * @throws {TypeError} If it is no error.
 */
export function checkReason(reason: unknown): void {
  if (!isError(reason)) throw noReason(reason);
}

/** Whether a value is an error, maybe of another realm. */
function isError(value: unknown): value is Error {
  return typeof value === "object" && value !== null && "message" in value;
}

function noReason(reason: unknown): TypeError {
  return new TypeError(`Cannot abort: reason ${show(reason)} is not an Error`);
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
