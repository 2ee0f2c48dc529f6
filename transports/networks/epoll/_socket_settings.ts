import type { SocketOptions } from "../../carriers/socket_options.ts";
import type { SpecialConnectOptions, SpecialSocketOptions } from "../special_options.ts";
import { IP, IPV6, LEVEL, type Libc, SO, TCP } from "./libc/libc.ts";
import { check, setOption } from "./libc/socket_calls.ts";
import { encodeIp } from "./libc/socket_address.ts";

/** How many clients may be connecting with data at a time: what the system has for it, at most. */
const FAST_OPEN_QUEUE = 256;

/** Options for the sockets of TCP. */
type Settings = SocketOptions & SpecialSocketOptions;

/** Sets what is asked for on the TCP socket of one connection. */
export function prepareConnection(libc: Libc, fd: number, options: Settings): void {
  const { noDelay = true, keepAlive = false, userTimeout } = options;
  if (noDelay) setOption(libc, fd, LEVEL.TCP, TCP.NODELAY, 1);
  if (keepAlive) keepAliveOf(libc, fd, options);
  if (userTimeout !== undefined) setOption(libc, fd, LEVEL.TCP, TCP.USER_TIMEOUT, userTimeout);
}

/**
 * Sets what has to be set before a TCP socket connects or listens; the connections that a listener
 * accepts have it from there.
 */
export function prepareSocket(
  libc: Libc,
  fd: number,
  isIpv6: boolean,
  { typeOfService, ...sizes }: Settings,
): void {
  setBufferSizes(libc, fd, sizes);
  if (typeOfService === undefined) return;
  if (isIpv6) setOption(libc, fd, LEVEL.IPV6, IPV6.TCLASS, typeOfService);
  // For IPv4 peers of an IPv6 socket as well.
  setOption(libc, fd, LEVEL.IP, IP.TOS, typeOfService);
}

/** Sets how many received bytes, and how many bytes to send, the system may keep. */
export function setBufferSizes(
  libc: Libc,
  fd: number,
  { receiveBufferSize, sendBufferSize }: Pick<Settings, "receiveBufferSize" | "sendBufferSize">,
): void {
  if (receiveBufferSize !== undefined) {
    setOption(libc, fd, LEVEL.SOCKET, SO.RCVBUF, receiveBufferSize);
  }
  if (sendBufferSize !== undefined) setOption(libc, fd, LEVEL.SOCKET, SO.SNDBUF, sendBufferSize);
}

/** Has the first bytes of clients come with their requests to connect. */
export function acceptFastOpen(libc: Libc, fd: number): void {
  setOption(libc, fd, LEVEL.TCP, TCP.FASTOPEN, FAST_OPEN_QUEUE);
}

/** Has the first bytes leave with the request to connect, which waits for them. */
export function connectFastOpen(libc: Libc, fd: number): void {
  setOption(libc, fd, LEVEL.TCP, TCP.FASTOPEN_CONNECT, 1);
}

function keepAliveOf(
  libc: Libc,
  fd: number,
  { keepAliveDelay, keepAliveInterval, keepAliveCount }: Settings,
): void {
  const set = (name: number, value: number | undefined): void => {
    if (value !== undefined) setOption(libc, fd, LEVEL.TCP, name, value);
  };
  setOption(libc, fd, LEVEL.SOCKET, SO.KEEPALIVE, 1);
  set(TCP.KEEPIDLE, toSeconds(keepAliveDelay));
  set(TCP.KEEPINTVL, toSeconds(keepAliveInterval));
  set(TCP.KEEPCNT, keepAliveCount);
}

/** The system counts these in seconds, and refuses none. */
function toSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.ceil(milliseconds / 1000);
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
  if (localPort === 0) setOption(libc, fd, LEVEL.IP, IP.BIND_ADDRESS_NO_PORT, 1);
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
