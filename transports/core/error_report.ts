import type { Transport } from "../../protocols/contract.ts";
import { formatAddress } from "./addresses.ts";

/** Where an exception that was reported came from. */
export interface ErrorContext {
  /** What threw: the name of a callback such as `"dataReceived"`, or what the server was doing, such as `"accept"`. */
  readonly callback: string;
  /** The connection it concerns; `null` where there is none yet. */
  readonly transport: Transport | null;
}

/** Told once of each exception that a callback of the user threw, and of trouble that a server goes on after. */
export type ErrorHandler = (error: Error, context: ErrorContext) => void;

/** What was thrown, as an `Error`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`Thrown: ${String(thrown)}`, { cause: thrown });
}

const reported = new WeakSet<Error>();

/** Whether an exception was reported, by whoever saw it first. */
export function wasReported(error: Error): boolean {
  return reported.has(error);
}

/** Hands an exception to `onError`, or prints it with the connection's addresses. Never throws. */
export function report(
  onError: ErrorHandler | undefined,
  error: Error,
  context: ErrorContext,
): void {
  reported.add(error);
  if (onError === undefined) return print(error, context);
  try {
    onError(error, context);
  } catch (thrown) {
    print(error, context);
    print(toError(thrown), { ...context, callback: "onError" });
  }
}

function print(error: Error, context: ErrorContext): void {
  // deno-lint-ignore sluice/no-console -- the documented default of onError
  console.error(`Error in ${context.callback}${where(context.transport)}:`, error);
}

function where(transport: Transport | null): string {
  if (transport === null) return "";
  const local = formatAddress(transport.getExtraInfo("sockname"));
  return ` (${local} <-> ${formatAddress(transport.getExtraInfo("peername"))})`;
}
