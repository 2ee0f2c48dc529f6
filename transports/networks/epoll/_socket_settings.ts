import type { SocketOptions } from "../../carriers/socket_options.ts";
import type { SpecialConnectOptions, SpecialSocketOptions } from "../special_options.ts";
import { LEVEL, type Libc, SO, TCP } from "./_libc.ts";
import { check, setOption } from "./_socket_calls.ts";
import { encodeIp } from "./_socket_address.ts";

/** netinet/in.h: the port is chosen when the socket connects, so that others can have it too. */
const IP_BIND_ADDRESS_NO_PORT = 24;

/** Sets what is asked for on the TCP socket of one connection. */
export function prepareConnection(
  libc: Libc,
  fd: number,
  { noDelay = true, keepAlive = false, keepAliveDelay }: SocketOptions & SpecialSocketOptions,
): void {
  if (noDelay) setOption(libc, fd, LEVEL.TCP, TCP.NODELAY, 1);
  if (!keepAlive) return;
  setOption(libc, fd, LEVEL.SOCKET, SO.KEEPALIVE, 1);
  if (keepAliveDelay !== undefined) {
    // The system counts in seconds, and refuses none.
    setOption(libc, fd, LEVEL.TCP, TCP.KEEPIDLE, Math.ceil(keepAliveDelay / 1000));
  }
}

/** Has the peer see a reset when the socket is closed: socket(7), with a `struct linger`. */
export function resetWhenClosed(libc: Libc, fd: number): void {
  const linger = new Uint8Array(Int32Array.of(1, 0).buffer);
  // A connection that is gone needs no reset.
  libc.setsockopt(fd, LEVEL.SOCKET, SO.LINGER, linger, linger.length);
}

/**
 * Binds a socket that is to connect to an address of this machine, if one is asked for.
 *
 * @param size Of the address that it connects to: the family is the same.
 * @throws {Deno.errors.AddrNotAvailable} If the address is not this machine's, or is in use.
 */
export function bindLocally(
  libc: Libc,
  fd: number,
  size: number,
  { localAddress, localPort = 0 }: SpecialConnectOptions,
): void {
  if (localAddress === undefined && localPort === 0) return;
  const hostname = localAddress ?? (size === 16 ? "0.0.0.0" : "::");
  const address = encodeIp(libc, hostname, localPort);
  if (localPort === 0) setOption(libc, fd, LEVEL.IP, IP_BIND_ADDRESS_NO_PORT, 1);
  else setOption(libc, fd, LEVEL.SOCKET, SO.REUSEADDR, 1);
  try {
    check(libc, libc.bind(fd, address, address.length));
  } catch (cause) {
    throw new Deno.errors.AddrNotAvailable(
      `localAddress ${hostname} is not an address of this machine, or is in use`,
      { cause },
    );
  }
}
