import type { NetAddress, UnixAddress } from "../../../../protocols/facts/address.ts";
import { inheritedSockets } from "../../../core/system/inherited_sockets.ts";
import { AF, F, LEVEL, type Libc, SO, SOCK } from "../libc/libc.ts";
import { reactorOf } from "../_reactor.ts";
import { encodeIp, familyAt, MAX_ADDRESS_SIZE } from "../libc/socket_address.ts";
import { check, getOption, localAddressOf, peerAddressOf } from "../libc/socket_calls.ts";

/** A socket for datagrams that another program has bound. */
export interface InheritedDatagrams {
  /** Its number. */
  readonly fd: number;
  /** Its family, one of {@linkcode AF}. */
  readonly family: number;
  /** Where it is bound. */
  readonly address: NetAddress | UnixAddress;
  /** Whom it is connected to. */
  readonly peer: NetAddress | UnixAddress | undefined;
}

/**
 * Takes over the socket that the option `fd` names: it is passed on to no child any more. One that
 * is not bound is bound to a free port, as the system would with the first datagram.
 *
 * @throws {TypeError} If it is no socket for datagrams, or is this program's own, or there are
 * several.
 */
export function inheritDatagrams(libc: Libc, named: number | string): InheritedDatagrams {
  const fd = typeof named === "number" ? named : onlyDatagrams(libc, named);
  if (reactorOf(libc).has(fd)) {
    throw new TypeError(
      `Cannot open endpoint: fd ${fd} is in use by this program already`,
    );
  }
  if (typeOf(libc, fd) !== SOCK.DGRAM) {
    throw new TypeError(
      `Cannot open endpoint: fd ${fd} is not a socket for datagrams; a server takes one that listens`,
    );
  }
  const family = familyOfSocket(libc, fd);
  if (![AF.INET, AF.INET6, AF.UNIX].some((known) => known === family)) {
    throw new TypeError(
      `Cannot open endpoint: fd ${fd} is a socket of the address family ${family}, which is neither ` +
        "IP nor Unix",
    );
  }
  // No call on it waits, so whether it blocks is left to those who share it.
  check(libc, libc.fcntl(fd, F.SETFD, F.CLOEXEC));
  const peer = peerAddressOf(libc, fd, "datagram") ?? undefined;
  return { fd, family, address: bound(libc, fd, family), peer };
}

/** Of the sockets that systemd passed on by a name, the one that carries datagrams. */
function onlyDatagrams(libc: Libc, named: string): number {
  const all = inheritedSockets(named, "open endpoint");
  const found = all.filter((fd) => typeOf(libc, fd) === SOCK.DGRAM);
  const [first] = found;
  if (found.length === 1 && first !== undefined) return first;
  const problem = first === undefined
    ? `none of the sockets that systemd passed on (${all.join(", ")}) carries datagrams`
    : `systemd passed on several sockets for datagrams, ${
      found.join(", ")
    }; give one of the numbers`;
  throw new TypeError(`Cannot open endpoint: fd "${named}" is given and ${problem}`);
}

/** The type of a socket; -1 if it is none. */
function typeOf(libc: Libc, fd: number): number {
  try {
    return getOption(libc, fd, LEVEL.SOCKET, SO.TYPE);
  } catch {
    return -1;
  }
}

function familyOfSocket(libc: Libc, fd: number): number {
  const bytes = new Uint8Array(MAX_ADDRESS_SIZE);
  const length = new Uint8Array(Uint32Array.of(bytes.length).buffer);
  check(libc, libc.getsockname(fd, bytes, length));
  return familyAt(bytes);
}

function bound(libc: Libc, fd: number, family: number): NetAddress | UnixAddress {
  const address = localAddressOf(libc, fd, "datagram");
  if (!("port" in address) || address.port !== 0) return address;
  const free = encodeIp(libc, family === AF.INET ? "0.0.0.0" : "::", 0);
  check(libc, libc.bind(fd, free, free.length));
  return localAddressOf(libc, fd, "datagram");
}
