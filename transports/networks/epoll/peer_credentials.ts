import type { Transport } from "../../../protocols/contract.ts";
import { fromErrno } from "../../core/os_error.ts";
import { LEVEL, SO } from "./libc/libc.ts";
import { socketOf } from "./_socket_of.ts";

/** The process at the other end: see {@linkcode peerCredentials}. */
export interface PeerCredentials {
  /** The id of the process that connected, or that listened. */
  readonly pid: number;
  /** The id of the user that it ran as. */
  readonly uid: number;
  /** The id of its group. */
  readonly gid: number;
}

/**
 * The process at the other end of a Unix socket on {@linkcode epollNetwork}, as the system vouches
 * for it: as it was when it connected or listened (SO_PEERCRED of unix(7)).
 *
 * @example A server for one user
 * ```ts ignore
 * import { startUnixServer } from "@sluice/net";
 * import { epollNetwork, peerCredentials } from "@sluice/net/epoll";
 *
 * await startUnixServer(({ transport, writer }) => {
 *   if (peerCredentials(transport).uid !== Deno.uid()) return transport.abort();
 *   writer.write("welcome\n");
 * }, { path: "/run/private.sock", network: epollNetwork });
 * ```
 *
 * @param transport The connection, with layers on it or not.
 * @returns The ids.
 * @throws {TypeError} If it is no connection of a Unix socket on `epollNetwork`.
 * @throws {InvalidStateError} If it is closed.
 */
export function peerCredentials(transport: Transport): PeerCredentials {
  const { libc, fd } = socketOf(transport, "unix");
  // bits/socket.h: `struct ucred` has three numbers of 4 bytes.
  const ids = new Int32Array(3);
  const bytes = new Uint8Array(ids.buffer);
  const length = new Uint8Array(Uint32Array.of(bytes.length).buffer);
  if (libc.getsockopt(fd, LEVEL.SOCKET, SO.PEERCRED, bytes, length) < 0) {
    throw fromErrno(libc.errno);
  }
  const [pid = 0, uid = 0, gid = 0] = ids;
  // Users and groups are counted without a sign.
  return { pid, uid: uid >>> 0, gid: gid >>> 0 };
}
