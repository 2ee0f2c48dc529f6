import type { DatagramBindOptions } from "../../../datagrams/datagram_carrier.ts";
import type { SpecialDatagramOptions } from "../../../datagrams/special_datagram_options.ts";
import { setBufferSizes } from "../_socket_settings.ts";
import { AF, LEVEL, type Libc, SO } from "../libc/libc.ts";
import { check, setOption } from "../libc/socket_calls.ts";
import { interfaceOf } from "./multicast.ts";

/** bits/in.h: options of {@linkcode LEVEL.IP}. */
const IP = {
  TTL: 2,
  RECVERR: 11,
  MULTICAST_IF: 32,
  MULTICAST_TTL: 33,
  MULTICAST_LOOP: 34,
} as const;

/** bits/in.h: options of {@linkcode LEVEL.IPV6}. */
const IPV6 = {
  UNICAST_HOPS: 16,
  MULTICAST_IF: 17,
  MULTICAST_HOPS: 18,
  MULTICAST_LOOP: 19,
  RECVERR: 25,
  V6ONLY: 26,
} as const;

/**
 * Has the system tell of datagrams that did not arrive, by ICMP, without connecting the socket: it
 * still receives from strangers, which are counted.
 */
export function askForErrors(libc: Libc, fd: number, family: number): void {
  if (family === AF.UNIX) return;
  if (family === AF.INET6) setOption(libc, fd, LEVEL.IPV6, IPV6.RECVERR, 1);
  // Of IPv4 peers of an IPv6 socket, too.
  setOption(libc, fd, LEVEL.IP, IP.RECVERR, 1);
}

/** Sets what is asked for; on a socket that is not inherited, before it is bound. */
export function prepareDatagrams(
  libc: Libc,
  fd: number,
  family: number,
  options: DatagramBindOptions & SpecialDatagramOptions,
): void {
  const { reuseAddress = false, allowBroadcast = false, ttl, multicast = {} } = options;
  if (reuseAddress) setOption(libc, fd, LEVEL.SOCKET, SO.REUSEADDR, 1);
  if (options.reusePort) setOption(libc, fd, LEVEL.SOCKET, SO.REUSEPORT, 1);
  setBufferSizes(libc, fd, options);
  if (allowBroadcast) setOption(libc, fd, LEVEL.SOCKET, SO.BROADCAST, 1);
  if (family === AF.UNIX) return;
  const isIpv6 = family === AF.INET6;
  const level = isIpv6 ? LEVEL.IPV6 : LEVEL.IP;
  const set = (name: number, value: number | boolean | undefined): void => {
    if (value !== undefined) setOption(libc, fd, level, name, Number(value));
  };
  // It is fixed once a socket is bound.
  if (isIpv6 && options.fd === undefined) set(IPV6.V6ONLY, options.ipv6Only ?? false);
  set(isIpv6 ? IPV6.UNICAST_HOPS : IP.TTL, ttl);
  set(isIpv6 ? IPV6.MULTICAST_HOPS : IP.MULTICAST_TTL, multicast.ttl);
  set(isIpv6 ? IPV6.MULTICAST_LOOP : IP.MULTICAST_LOOP, multicast.loopback);
  if (multicast.interface === undefined) return;
  const where = interfaceOf(libc, multicast.interface, isIpv6);
  const name = isIpv6 ? IPV6.MULTICAST_IF : IP.MULTICAST_IF;
  check(libc, libc.setsockopt(fd, level, name, where, where.length));
}
