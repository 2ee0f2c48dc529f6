import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { settlesInTime } from "../clock.ts";

/**
 * The default of `timeout` of `StreamConnection.close`, and what `await using` gives a transport,
 * in milliseconds.
 */
export const DEFAULT_CLOSE_TIMEOUT = 10_000;

/**
 * Closes a transport and waits for its end. If the peer does not take in time what is queued, or
 * the signal aborts, the transport is aborted.
 *
 * @param transport What to close.
 * @param timeout How many milliseconds what is queued gets to be sent.
 * @param signal Cuts that short.
 * @returns How the connection ended.
 */
export async function closeInTime(
  transport: Transport,
  timeout: number = DEFAULT_CLOSE_TIMEOUT,
  signal?: AbortSignal,
): Promise<CloseInfo> {
  transport.close();
  if (!await settlesInTime(transport.closed, timeout, signal)) transport.abort();
  return await transport.closed;
}
