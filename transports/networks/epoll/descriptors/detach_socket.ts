import type { Transport } from "../../../../protocols/contract.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { setBlocking } from "../libc/socket_calls.ts";
import { gateOf } from "../../../core/stack_slot.ts";
import { plainSocketOf } from "../_socket_of.ts";
import { Descriptor } from "./descriptor.ts";

/**
 * Takes the socket out of a connection on {@linkcode epollNetwork}, which ends here as by `close()`
 * without the peer noticing. The socket goes on: send it to another process, or adopt it.
 *
 * Bytes that have been read already stay here: hand them over as well, such as those of
 * `reader.takeBuffered()`. A connection that is handed over when it comes has read none.
 *
 * @example A connection for another process
 * ```ts ignore
 * import { openUnixConnection, startServer } from "@sluice/net";
 * import { detachSocket, epollNetwork as network, sendDescriptors } from "@sluice/net/epoll";
 *
 * const worker = await openUnixConnection({ path: "/run/worker.sock", network });
 * await startServer(({ transport }) => {
 *   using socket = detachSocket(transport);
 *   sendDescriptors(worker.transport, [socket], "connection\n");
 * }, { port: 8080, network });
 * ```
 *
 * @param transport The connection.
 * @returns The socket, which blocks as other programs expect it; it belongs to the caller.
 * @throws {TypeError} If it is no connection of `epollNetwork`, or has layers.
 * @throws {InvalidStateError} If it is closed, bytes wait to be sent or delivered, a file is being
 * sent or a layer inserted.
 */
export function detachSocket(transport: Transport): Descriptor {
  const { connection, carrier } = plainSocketOf("detach socket", transport);
  const problem = connection.lifecycle.isClosing
    ? "the connection is closed"
    : gateOf(transport) !== null
    ? "a file is being sent or a layer inserted; await that first"
    : !connection.outbound.isFlushed
    ? "bytes wait to be sent; await flush() first"
    : connection.delivery.hasWaiting
    ? "received bytes wait to be delivered; let the protocol have them first"
    : null;
  if (problem !== null) throw new InvalidStateError(`Cannot detach socket: ${problem}`);
  const { libc } = carrier;
  const fd = carrier.detach();
  connection.lose("local", null);
  setBlocking(libc, fd);
  return new Descriptor(fd, libc.close);
}
