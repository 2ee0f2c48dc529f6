import type { NetAddress, UnixAddress } from "../../../../protocols/facts/address.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { E, F, type Libc, SOCK } from "./libc.ts";
import { decodeAddress, MAX_ADDRESS_SIZE } from "./socket_address.ts";

const value = new Int32Array(1);
const valueBytes = new Uint8Array(value.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);

/** The result of a call that gives a negative number when it fails; throws the error then. */
export function check(libc: Libc, result: number): number {
  if (result < 0) throw fromErrno(libc.errno);
  return result;
}

/** A new socket, which does not block and is not passed on to children. */
export function openSocket(libc: Libc, family: number, type: number): number {
  return check(libc, libc.socket(family, type | SOCK.NONBLOCK | SOCK.CLOEXEC, 0));
}

/** Has the calls on an inherited descriptor not block, and passes it on to no child. */
export function setNonBlocking(libc: Libc, fd: number): void {
  const flags = check(libc, libc.fcntl(fd, F.GETFL, 0));
  check(libc, libc.fcntl(fd, F.SETFL, flags | SOCK.NONBLOCK));
  check(libc, libc.fcntl(fd, F.SETFD, F.CLOEXEC));
}

/** Has the calls on a descriptor wait again, as other programs expect it. */
export function setBlocking(libc: Libc, fd: number): void {
  const flags = check(libc, libc.fcntl(fd, F.GETFL, 0));
  check(libc, libc.fcntl(fd, F.SETFL, flags & ~SOCK.NONBLOCK));
}

/** Sets an option that is a number. */
export function setOption(
  libc: Libc,
  fd: number,
  level: number,
  name: number,
  number: number,
): void {
  value[0] = number;
  check(libc, libc.setsockopt(fd, level, name, valueBytes, valueBytes.length));
}

/** The number that an option is. */
export function getOption(libc: Libc, fd: number, level: number, name: number): number {
  length[0] = valueBytes.length;
  check(libc, libc.getsockopt(fd, level, name, valueBytes, lengthBytes));
  return value[0] ?? 0;
}

/** The address that a socket is bound to. */
export function localAddressOf(
  libc: Libc,
  fd: number,
  kind: "stream" | "datagram",
): NetAddress | UnixAddress {
  const bytes = new Uint8Array(MAX_ADDRESS_SIZE);
  length[0] = bytes.length;
  check(libc, libc.getsockname(fd, bytes, lengthBytes));
  return decodeAddress(libc, bytes, length[0] ?? 0, kind);
}

/**
 * The address that the socket of a stream is connected to.
 *
 * @param address What it was asked to connect to. The system has no other one while the request
 * waits for the first bytes (fast open), or if the peer has reset the connection since.
 */
export function remoteAddressOf(
  libc: Libc,
  fd: number,
  address: Uint8Array,
): NetAddress | UnixAddress {
  return peerAddressOf(libc, fd, "stream") ??
    decodeAddress(libc, address, address.length, "stream");
}

/** The address that a socket is connected to; `null` if it is not. */
export function peerAddressOf(
  libc: Libc,
  fd: number,
  kind: "stream" | "datagram",
): NetAddress | UnixAddress | null {
  const bytes = new Uint8Array(MAX_ADDRESS_SIZE);
  length[0] = bytes.length;
  if (libc.getpeername(fd, bytes, lengthBytes) === 0) {
    return decodeAddress(libc, bytes, length[0] ?? 0, kind);
  }
  const { errno } = libc;
  if (errno !== E.NOTCONN) throw fromErrno(errno);
  return null;
}
