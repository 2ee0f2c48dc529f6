import type { NetAddress, UnixAddress } from "../../../../protocols/facts/address.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { formatIp, parseIpv4, parseIpv6 } from "../../../core/ip_address.ts";
import { AF, E, type Libc } from "./libc.ts";

/** The most bytes that an address of the kinds below has: `struct sockaddr_un`, unix(7). */
export const MAX_ADDRESS_SIZE = 110;

/** Where the bytes of an IPv6 address begin in `struct sockaddr_in6`, ipv6(7). */
const IPV6_AT = 8;
/** Where its zone is. */
const SCOPE_AT = 24;
/** Zones are numbers of 32 bits. */
const MAX_SCOPE = 0xffff_ffff;
/** The length of the name of an interface, with its NUL: IF_NAMESIZE of net/if.h. */
const NAME_SIZE = 16;

/**
 * The address of a port as the system has it: `struct sockaddr_in` of ip(7), or `struct
 * sockaddr_in6` of ipv6(7).
 *
 * @param hostname An IP address, with a zone such as `%eth0` if it needs one.
 * @throws {TypeError} If it is no IP address.
 * @throws The error of the system if the zone is not known.
 */
export function encodeIp(libc: Libc, hostname: string, port: number): Uint8Array<ArrayBuffer> {
  const [, address = "", zone] = /^\[?([^%\]]*)(?:%([^\]]+))?\]?$/.exec(hostname) ?? [];
  const ipv4 = parseIpv4(address);
  const ip = ipv4 ?? parseIpv6(address);
  if (ip === null || (ipv4 !== null && zone !== undefined)) {
    throw new TypeError(`Cannot use "${hostname}": it is not an IP address`);
  }
  const view = new DataView(new ArrayBuffer(ipv4 === null ? 28 : 16));
  const bytes = new Uint8Array(view.buffer);
  view.setUint16(0, ipv4 === null ? AF.INET6 : AF.INET, true);
  view.setUint16(2, port);
  bytes.set(ip, ipv4 === null ? IPV6_AT : 4);
  if (zone !== undefined) view.setUint32(SCOPE_AT, scopeOf(libc, zone), true);
  return bytes;
}

/** The address of a Unix socket: `struct sockaddr_un` of unix(7); without a name if it is empty. */
export function encodePath(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  // A file's ends with a NUL, one of the abstract namespace begins with it and has no end.
  const isFile = name.length > 0 && name[0] !== 0;
  const bytes = new Uint8Array(2 + name.length + (isFile ? 1 : 0));
  new DataView(bytes.buffer).setUint16(0, AF.UNIX, true);
  bytes.set(name, 2);
  return bytes;
}

/**
 * Reads an address that the system has written.
 *
 * @param bytes The memory that it was given.
 * @param length How many bytes it says that the address has.
 * @param kind What the socket carries.
 */
export function decodeAddress(
  libc: Libc,
  bytes: Uint8Array,
  length: number,
  kind: "stream" | "datagram",
): NetAddress | UnixAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length));
  const family = view.byteLength < 2 ? AF.UNSPEC : familyAt(bytes);
  const transport = kind === "stream" ? "tcp" : "udp";
  if (family === AF.INET && view.byteLength >= 8) {
    return { transport, hostname: formatIp(bytes.subarray(4, 8)), port: view.getUint16(2) };
  }
  if (family === AF.INET6 && view.byteLength >= 28) {
    const ip = formatIp(bytes.subarray(IPV6_AT, SCOPE_AT));
    const scope = view.getUint32(SCOPE_AT, true);
    const hostname = scope === 0 ? ip : `${ip}%${nameOf(libc, scope)}`;
    return { transport, hostname, port: view.getUint16(2) };
  }
  const path = family === AF.UNIX ? decodePath(bytes.subarray(2, view.byteLength)) : "";
  return { transport: kind === "stream" ? "unix" : "unixpacket", path };
}

/** The family of an address, which it begins with. */
export function familyAt(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) | (bytes[1] ?? 0) << 8;
}

function decodePath(name: Uint8Array): string {
  const end = name[0] === 0 ? name.length : name.indexOf(0);
  return new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
}

/** The number of a network interface, by its name or its number as text. */
export function scopeOf(libc: Libc, zone: string): number {
  if (/^\d+$/.test(zone) && Number(zone) <= MAX_SCOPE) return Number(zone);
  const index = libc.if_nametoindex(new TextEncoder().encode(`${zone}\0`));
  if (index === 0) throw fromErrno(E.NODEV);
  return index;
}

function nameOf(libc: Libc, scope: number): string {
  const name = new Uint8Array(NAME_SIZE);
  if (libc.if_indextoname(scope, name) === null) return String(scope);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}
