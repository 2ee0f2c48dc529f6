import {
  check,
  type OptionName,
  type OptionTable,
  outOfRange,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { checkFd } from "../core/system/inherited_sockets.ts";
import { familyOf } from "../core/ip_address.ts";

/** Options for sockets that some networks only can honour. */
export interface SpecialSocketOptions {
  /**
   * How many milliseconds a peer is idle before the system probes it first, if `keepAlive` is set.
   * The system has a default, often two hours. {@linkcode nodeNetwork} and `epollNetwork` honour
   * it.
   */
  readonly keepAliveDelay?: number;
  /**
   * Whether an end that is not in good order resets the connection (TCP's RST): `abort()`, an error
   * of a protocol, what `shutdown()` cuts short. The peer's next read fails then, so it cannot take
   * what it has for the whole. {@linkcode nodeNetwork} and `epollNetwork` honour it.
   */
  readonly resetOnAbort?: boolean;
  /**
   * How many milliseconds are between two probes that an idle peer does not answer, if `keepAlive`
   * is set. `epollNetwork` honours it; it counts in seconds (TCP_KEEPINTVL).
   */
  readonly keepAliveInterval?: number;
  /**
   * After so many probes without an answer the connection is lost, if `keepAlive` is set.
   * `epollNetwork` honours it (TCP_KEEPCNT).
   */
  readonly keepAliveCount?: number;
  /**
   * How many milliseconds sent bytes may go without an acknowledgement before the connection is
   * lost (RFC 5482). The system has a default, about 15 minutes. `epollNetwork` honours it
   * (TCP_USER_TIMEOUT).
   */
  readonly userTimeout?: number;
  /**
   * How many milliseconds `close()` waits until the peer's system has acknowledged all that was
   * sent. `closed` resolves then, so it tells that the peer's system has everything; of the program
   * there only an answer tells. When the time is over, the connection ends with a
   * {@linkcode TimeoutError}; if the peer resets it meanwhile, with a `ConnectionReset`. Nothing
   * else waits for that. `abort()` does not. Without it `close()` leaves the sending to the system.
   * `epollNetwork` honours it (as SO_LINGER, which would stop the thread).
   */
  readonly linger?: number;
  /**
   * For routers: the byte of the packets' headers with the differentiated services (RFC 2474), such
   * as 0x10 for low delay. `epollNetwork` honours it (IP_TOS, IPV6_TCLASS).
   */
  readonly typeOfService?: number;
  /**
   * How many received bytes the system may keep; Linux doubles it. Given, it no longer adapts it.
   * `epollNetwork` honours it (SO_RCVBUF).
   */
  readonly receiveBufferSize?: number;
  /**
   * How many bytes to send the system may keep; Linux doubles it. Given, it no longer adapts it.
   * `epollNetwork` honours it (SO_SNDBUF).
   */
  readonly sendBufferSize?: number;
  /**
   * Whether the first bytes may travel with the request to connect (RFC 7413), which saves a round
   * trip to a server that was connected to before. `epollNetwork` honours it (TCP_FASTOPEN,
   * TCP_FASTOPEN_CONNECT).
   */
  readonly fastOpen?: boolean;
}

/** Options for connecting that some networks only can honour. */
export interface SpecialConnectOptions extends SpecialSocketOptions {
  /**
   * The address of this machine to connect from. {@linkcode nodeNetwork} and `epollNetwork` honour
   * it.
   */
  readonly localAddress?: string;
  /**
   * The port of this machine to connect from. {@linkcode nodeNetwork} and `epollNetwork` honour
   * it.
   */
  readonly localPort?: number;
  /**
   * Looks the host up instead of the system: gives its addresses in the order to try them.
   * {@linkcode nodeNetwork} and `epollNetwork` honour it.
   */
  readonly lookup?: (hostname: string) => readonly string[] | Promise<readonly string[]>;
}

/** Options for listening that some networks only can honour. */
export interface SpecialListenOptions extends SpecialSocketOptions {
  /**
   * A socket that listens already, by its number, or `"systemd"` for those that systemd passed on,
   * or `"systemd:NAME"` for those of that name (LISTEN_FDS, LISTEN_FDNAMES). Given instead of port
   * and path. {@linkcode nodeNetwork} and `epollNetwork` honour it.
   */
  readonly fd?: number | string;
  /**
   * Whether a server on an IPv6 address leaves IPv4 alone; without it, one on `"::"` takes both,
   * unless the system says otherwise. `epollNetwork` honours it (IPV6_V6ONLY).
   */
  readonly ipv6Only?: boolean;
}

/** An option that a network has to declare before it is passed on. */
export type SpecialOption = keyof (SpecialConnectOptions & SpecialListenOptions);

/** The largest number of the system's: larger ones would become others. */
const MAX_INT = 0x7fff_ffff;

/** The checks of {@linkcode SpecialSocketOptions}. */
export const SPECIAL_SOCKET_CHECKS: OptionTable<SpecialSocketOptions> = {
  keepAliveDelay: check.wholeNumber(1, MAX_INT),
  keepAliveInterval: check.wholeNumber(1, MAX_INT),
  keepAliveCount: check.wholeNumber(1, 127),
  userTimeout: check.wholeNumber(1, MAX_INT),
  linger,
  typeOfService: check.wholeNumber(0, 255),
  receiveBufferSize: check.wholeNumber(1, 1_073_741_823),
  sendBufferSize: check.wholeNumber(1, 1_073_741_823),
  fastOpen: check.flag,
  resetOnAbort: check.flag,
};

/** The checks of {@linkcode SpecialConnectOptions}. */
export const SPECIAL_CONNECT_CHECKS: OptionTable<SpecialConnectOptions> = {
  ...SPECIAL_SOCKET_CHECKS,
  localAddress: checkIp,
  localPort: check.wholeNumber(1, 65_535),
  lookup: check.functionLike("(hostname) => [address]"),
};

/** The checks of {@linkcode SpecialListenOptions}. */
export const SPECIAL_LISTEN_CHECKS: OptionTable<SpecialListenOptions> = {
  ...SPECIAL_SOCKET_CHECKS,
  fd: checkFd,
  ipv6Only: check.flag,
};

function linger(value: unknown, option: OptionName): void {
  if (value !== 0) return check.wholeNumber(1, MAX_INT)(value, option);
  throw outOfRange(option, value, "would reset the connection; abort({ reset: true }) does that");
}

function checkIp(value: unknown, option: OptionName): void {
  check.text(value, option);
  if (familyOf(String(value)) === null) throw wrongKind(option, value, "is not an IP address");
}

/** The names of all special options; `epollNetwork` honours every one. */
export const SPECIAL_OPTIONS: readonly SpecialOption[] = Object.keys(
  { ...SPECIAL_CONNECT_CHECKS, ...SPECIAL_LISTEN_CHECKS },
) as SpecialOption[];

/** Those that `nodeNetwork` honours. */
export const NODE_OPTIONS: readonly SpecialOption[] = [
  "fd",
  "keepAliveDelay",
  "localAddress",
  "localPort",
  "lookup",
  "resetOnAbort",
];

/**
 * Throws for an option that a network would ignore.
 *
 * @param action What is to be done: "connect" or "listen".
 * @throws {TypeError} If the network does not honour an option that is given.
 */
export function checkHonoured(
  action: string,
  network: { readonly name: string; readonly honours?: readonly SpecialOption[] },
  options: SpecialConnectOptions & SpecialListenOptions,
): void {
  for (const name of SPECIAL_OPTIONS) {
    if (options[name] === undefined || network.honours?.includes(name)) continue;
    const other = NODE_OPTIONS.includes(name) ? "nodeNetwork" : "epollNetwork of @sluice/net/epoll";
    throw new TypeError(
      `Cannot ${action}: ${network.name} does not honour ${name}; give network: ${other}`,
    );
  }
}
