import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { connectionOf } from "../../core/carrier_transport.ts";
import type { Connection } from "../../core/connection.ts";
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

/**
 * The connection of a socket on epollNetwork, and what carries its bytes.
 *
 * @param action What is done with them, for the message.
 * @param transport The connection, which must have no layers.
 * @param kind Which kind of socket it has to be, if not any.
 * @throws {TypeError} If it is none of these.
 */
export function plainSocketOf(
  action: string,
  transport: Transport,
  kind?: "unix",
): { readonly connection: Connection; readonly carrier: StreamCarrier } {
  const connection = connectionOf(transport);
  const carrier = connection?.carrier;
  if (
    connection !== null && carrier instanceof StreamCarrier &&
    (kind === undefined || carrier.kind === kind)
  ) return { connection, carrier };
  const what = kind === undefined ? "connection of" : "connection of a Unix socket on";
  throw new TypeError(`Cannot ${action}: this is not a ${what} epollNetwork without layers`);
}
