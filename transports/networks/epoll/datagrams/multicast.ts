import type { GroupOptions } from "../../../../protocols/datagram_contract.ts";
import { parseIpv4, parseIpv6 } from "../../../core/ip_address.ts";
import { LEVEL, type Libc } from "../libc/libc.ts";
import { encodeIp, scopeOf } from "../libc/socket_address.ts";
import { check } from "../libc/socket_calls.ts";

/** The options that change a membership. */
type MembershipOptions = Readonly<
  Record<"join" | "leave" | "joinSource" | "leaveSource", number>
>;

/** bits/in.h: options of {@linkcode LEVEL.IP}, which take `struct ip_mreq` or `ip_mreq_source`. */
const IP: MembershipOptions = {
  join: 35, // IP_ADD_MEMBERSHIP
  leave: 36, // IP_DROP_MEMBERSHIP
  joinSource: 39, // IP_ADD_SOURCE_MEMBERSHIP
  leaveSource: 40, // IP_DROP_SOURCE_MEMBERSHIP
};

/**
 * bits/in.h: options of {@linkcode LEVEL.IPV6}, which take `struct ipv6_mreq` or
 * `group_source_req`.
 */
const IPV6: MembershipOptions = {
  join: 20, // IPV6_JOIN_GROUP
  leave: 21, // IPV6_LEAVE_GROUP
  joinSource: 46, // MCAST_JOIN_SOURCE_GROUP
  leaveSource: 47, // MCAST_LEAVE_SOURCE_GROUP
};

/** `struct group_source_req` of netinet/in.h: a u32, aligned, and two of 128 bytes. */
const GROUP_SOURCE_REQ = { size: 264, group: 8, source: 136 } as const;

/** Joins or leaves a multicast group. */
export function changeMembership(
  libc: Libc,
  fd: number,
  action: "join" | "leave",
  group: string,
  { interface: where, source }: GroupOptions,
): void {
  const ipv4 = parseIpv4(group);
  const request = ipv4 !== null
    ? ipv4Request(ipv4, where ?? "0.0.0.0", source)
    : source === undefined
    ? ipv6Request(libc, group, where)
    : ipv6SourceRequest(libc, group, where, source);
  const options = ipv4 !== null ? IP : IPV6;
  const name = source === undefined ? action : `${action}Source` as const;
  const option = options[name];
  const level = ipv4 !== null ? LEVEL.IP : LEVEL.IPV6;
  check(libc, libc.setsockopt(fd, level, option, request, request.length));
}

/** An interface to send from: an address of it (`struct in_addr`), for IPv6 its number. */
export function interfaceOf(libc: Libc, name: string, isIpv6: boolean): Uint8Array<ArrayBuffer> {
  if (isIpv6) return new Uint8Array(Uint32Array.of(indexOf(libc, name)).buffer);
  const address = parseIpv4(name);
  if (address === null) {
    throw new TypeError(`Cannot use interface "${name}": it is not an IPv4 address`);
  }
  return address;
}

function ipv4Request(
  group: Uint8Array,
  where: string,
  source: string | undefined,
): Uint8Array<ArrayBuffer> {
  const parts = [group, parseIpv4(where) ?? new Uint8Array(4)];
  if (source !== undefined) parts.push(parseIpv4(source) ?? new Uint8Array(4));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function ipv6Request(
  libc: Libc,
  group: string,
  where: string | undefined,
): Uint8Array<ArrayBuffer> {
  const [address = ""] = group.split("%");
  const bytes = new Uint8Array(20);
  bytes.set(parseIpv6(address) ?? []);
  new DataView(bytes.buffer).setUint32(16, indexOfGroup(libc, group, where), true);
  return bytes;
}

function ipv6SourceRequest(
  libc: Libc,
  group: string,
  where: string | undefined,
  source: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(GROUP_SOURCE_REQ.size);
  new DataView(bytes.buffer).setUint32(0, indexOfGroup(libc, group, where), true);
  bytes.set(encodeIp(libc, group, 0), GROUP_SOURCE_REQ.group);
  bytes.set(encodeIp(libc, source, 0), GROUP_SOURCE_REQ.source);
  return bytes;
}

/** That of the interface, or of the zone of the group; 0 leaves it to the system. */
function indexOfGroup(libc: Libc, group: string, where: string | undefined): number {
  const name = where ?? group.split("%")[1];
  return name === undefined ? 0 : indexOf(libc, name);
}

/** The number of an interface that is written as `::%name`, or by its name alone. */
function indexOf(libc: Libc, name: string): number {
  return scopeOf(libc, name.replace(/^.*%/, ""));
}
