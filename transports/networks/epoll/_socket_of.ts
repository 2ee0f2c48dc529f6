import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import type { Libc } from "./libc/libc.ts";
import { StreamCarrier } from "./streams/stream_carrier.ts";

/**
 * The socket of a connection on epollNetwork, open as long as the caller does not wait.
 *
 * @param transport The connection, with layers on it or not.
 * @param kind Which kind of socket it has to be.
 * @throws {TypeError} If it is none of these.
 * @throws {InvalidStateError} If it is closed.
 */
export function socketOf(
  transport: Transport,
  kind: "tcp" | "unix",
): { readonly libc: Libc; readonly fd: number } {
  const socket: unknown = transport.getExtraInfo("socket");
  const isOne = socket instanceof StreamCarrier && socket.kind === kind;
  if (!isOne) {
    const what = kind === "tcp" ? "a TCP connection" : "a connection of a Unix socket";
    throw new TypeError(`Cannot ask the system: this is not ${what} on epollNetwork`);
  }
  if (socket.isOpen) return socket;
  throw new InvalidStateError("Cannot ask the system: the connection is closed");
}
