import type { Transport } from "../../protocols/contract.ts";
import * as errors from "../../protocols/errors.ts";
import { describeError, isThenable, toError } from "../../protocols/thrown.ts";
import { formatAddress } from "./addresses.ts";
import { isOsError } from "./os_error.ts";

export { toError };

/**
 * Where an exception that was reported came from.
 *
 * @typeParam T What it concerns: a connection, or a datagram endpoint.
 */
export interface ErrorContext<T = Transport> {
  /**
   * The source of the exception: the name of a callback such as `"dataReceived"`, or what the
   * server was doing, such as `"accept"`.
   */
  readonly callback: string;
  /** The connection it concerns; `null` where there is none yet. */
  readonly transport: T | null;
}

/**
 * Gets each exception of a user's callback once, and each failure that a server survives. Its
 * result is ignored; a promise may reject.
 *
 * @typeParam T What it concerns: a connection, or a datagram endpoint.
 */
export type ErrorHandler<T = Transport> = (error: Error, context: ErrorContext<T>) => unknown;

/**
 * Errors that a peer or the network causes in the ordinary course of events: no fault of this
 * program.
 */
const PEER_FAULTS = [
  errors.CarrierMessageError,
  errors.ConnectionLostError,
  errors.DecompressionError,
  errors.DecompressionLimitError,
  errors.FrameError,
  errors.IncompleteReadError,
  errors.LimitOverrunError,
  errors.NameResolutionError,
  errors.ProxyProtocolError,
  errors.ReceiveBufferFullError,
  errors.TimeoutError,
  errors.TlsError,
  errors.WebSocketClosedError,
  errors.WriteBufferFullError,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.NotConnected,
  Deno.errors.TimedOut,
  Deno.errors.UnexpectedEof,
];

const reported = new WeakSet<Error>();

/** Whether an exception was reported, by the first that saw it. */
export function wasReported(error: Error): boolean {
  return reported.has(error);
}

/**
 * Hands an exception to `onError`, or logs it. Never throws: if `onError` throws, or returns a
 * promise that rejects, both errors are logged.
 */
export function report<T extends Pick<Transport, "getExtraInfo">>(
  onError: ErrorHandler<T> | undefined,
  error: Error,
  context: ErrorContext<T>,
): void {
  reported.add(error);
  if (onError === undefined) return logConnectionError(error, context);
  const onFailed = (thrown: unknown): void => {
    logConnectionError(error, context);
    logConnectionError(toError(thrown), { ...context, callback: "onError" });
  };
  try {
    const answer = onError(error, context);
    if (isThenable(answer)) Promise.resolve(answer).catch(onFailed);
  } catch (thrown) {
    onFailed(thrown);
  }
}

/**
 * Logs an error to the console: the default of `onError`, for handlers that deal with some errors
 * themselves.
 *
 * A fault of a peer or of the network, such as a malformed message, a reset or a refused handshake,
 * takes one line. Any other error is a fault of the program, and comes with its stack. Never
 * throws.
 *
 * @example Leaving out one kind
 * ```ts
 * import { createServer, FrameError, logConnectionError, Protocol } from "@sluice/net";
 *
 * await using _server = await createServer(() => new Protocol(), {
 *   port: 0,
 *   onError(error, context) {
 *     if (!(error instanceof FrameError)) logConnectionError(error, context);
 *   },
 * });
 * ```
 *
 * @param error What to log.
 * @param context Where it came from.
 */
export function logConnectionError(
  error: Error,
  context: ErrorContext<Pick<Transport, "getExtraInfo">>,
): void {
  const title = `Error in ${context.callback}${where(context.transport)}:`;
  try {
    if (isPeerFault(error, context)) print(`${title} ${describeError(error)}`);
    else print(title, error);
  } catch {
    printPlain(`${title} ${describeError(error)}`);
  }
}

function print(...line: unknown[]): void {
  // deno-lint-ignore sluice/no-console -- the documented default of onError
  console.error(...line);
}

/** Prints what can be printed, even where the console itself fails. */
function printPlain(line: string): void {
  try {
    print(line);
  } catch {
    // Nothing is left to tell.
  }
}

function isPeerFault(
  error: Error,
  { callback }: ErrorContext<Pick<Transport, "getExtraInfo">>,
): boolean {
  // A message that cannot be encoded is a fault of the program that sends it.
  if (error instanceof errors.FrameEncodeError) return false;
  return callback === "accept" && isOsError(error) ||
    PEER_FAULTS.some((kind) => error instanceof kind);
}

function where(transport: Pick<Transport, "getExtraInfo"> | null): string {
  if (transport === null) return "";
  try {
    const local = formatAddress(transport.getExtraInfo("sockname"));
    return ` (${local} <-> ${formatAddress(transport.getExtraInfo("peername"))})`;
  } catch {
    return "";
  }
}
