import { checkOptions, type OptionTable } from "../../../../protocols/option_checks.ts";
import { SOCKET_CHECKS, type SocketOptions } from "../../../carriers/socket_options.ts";
import type { Carrier } from "../../../core/carrier.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { SPECIAL_SOCKET_CHECKS, type SpecialSocketOptions } from "../../special_options.ts";
import { reactorOf } from "../_reactor.ts";
import { prepareConnection, prepareSocket } from "../_socket_settings.ts";
import { E, LEVEL, type Libc, SO, SOCK } from "../libc/libc.ts";
import { loadLibc } from "../libc/load_libc.ts";
import { getOption, localAddressOf, peerAddressOf, setNonBlocking } from "../libc/socket_calls.ts";
import { makeStreamCarrier } from "../streams/lingering_carrier.ts";
import type { Ends } from "../streams/stream_carrier.ts";
import { type Descriptor, numberOf, takeOver } from "./descriptor.ts";

/** Options for {@linkcode adoptSocket}. */
export interface AdoptSocketOptions extends SocketOptions, SpecialSocketOptions {}

const CHECKS: OptionTable<AdoptSocketOptions> = { ...SOCKET_CHECKS, ...SPECIAL_SOCKET_CHECKS };

/**
 * Takes a connected stream socket over that another process or another library has opened: what
 * asyncio's `create_connection(sock=...)` does. `connectCarrier` makes a connection of it, and
 * `StreamConnection.over` a stream of that. A socket that listens is for a server:
 * `{ fd: descriptor.fd, network: epollNetwork }`.
 *
 * The descriptor belongs to the carrier from now on, which closes it; if this throws, it stays with
 * the caller. A copy of the socket in another process stays open, and the peer sees no end before
 * that is closed too.
 *
 * @example A connection of another process
 * ```ts ignore
 * import { StreamConnection } from "@sluice/net";
 * import { connectCarrier } from "@sluice/net/transports";
 * import { adoptSocket, type Descriptor } from "@sluice/net/epoll";
 *
 * async function serve(socket: Descriptor) {
 *   const { transport } = await connectCarrier(() => ({}), adoptSocket(socket));
 *   await using connection = StreamConnection.over(transport);
 *   connection.writer.write("go on\n");
 * }
 * ```
 *
 * @param descriptor The socket, of TCP or Unix, or its number.
 * @param options What to set on it.
 * @returns The carrier.
 * @throws {TypeError} If it is no connected stream socket, or one that this library has open.
 * @throws The error of the system, such as that the process has too many descriptors open.
 */
export function adoptSocket(
  descriptor: Descriptor | number,
  options: AdoptSocketOptions = {},
): Carrier {
  checkOptions("adopt socket", options, CHECKS);
  const fd = numberOf("adopt socket", descriptor);
  const libc = loadLibc();
  if (reactorOf(libc).has(fd)) {
    throw new TypeError(`Cannot adopt socket: fd ${fd} is one that this library has open`);
  }
  const carrier = adopt(libc, fd, options);
  takeOver(fd);
  return carrier;
}

function adopt(libc: Libc, fd: number, options: AdoptSocketOptions): Carrier {
  const { local, remote } = endsOf(libc, fd);
  setNonBlocking(libc, fd);
  if (local.transport === "tcp") {
    prepareConnection(libc, fd, options);
    prepareSocket(libc, fd, local.hostname.includes(":"), options);
  }
  const ends = { local, remote, resetsOnAbort: options.resetOnAbort };
  return makeStreamCarrier(libc, fd, ends, options.linger);
}

/** The addresses of a connected socket. */
function endsOf(libc: Libc, fd: number): Pick<Ends, "local" | "remote"> {
  try {
    const isListening = getOption(libc, fd, LEVEL.SOCKET, SO.ACCEPTCONN) === 1;
    const isStream = getOption(libc, fd, LEVEL.SOCKET, SO.TYPE) === SOCK.STREAM;
    if (isListening || !isStream) throw fromErrno(E.INVAL);
    const local = localAddressOf(libc, fd, "stream");
    const remote = peerAddressOf(libc, fd, "stream");
    if (remote === null) throw fromErrno(E.NOTCONN);
    return { local, remote };
  } catch (cause) {
    throw new TypeError(`Cannot adopt socket: fd ${fd} is no connected stream socket`, { cause });
  }
}
