import { check, type OptionTable, show } from "../../protocols/option_checks.ts";
import { checkFd } from "../core/system/inherited_sockets.ts";

/** Options for datagrams that some networks only can honour: of this library, `epollNetwork`. */
export interface SpecialDatagramOptions {
  /**
   * Whether others of the same user may bind the same port with this option, to share its
   * datagrams: Linux chooses one of them by the sender's address, always the same as long as there
   * are the same ones (SO_REUSEPORT of socket(7)). With `reuseAddress` alone the last one that was
   * bound gets all of them.
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
  /**
   * A socket for datagrams that is bound already, by its number, or `"systemd"` for the one that
   * systemd passed on, or `"systemd:NAME"` for the one of that name (LISTEN_FDS, LISTEN_FDNAMES).
   * Given instead of `localAddr`. If it is connected, the endpoint is connected to its peer.
   */
  readonly fd?: number | string;
  /**
   * How many bytes of received datagrams the system may keep; Linux doubles it, and keeps no more
   * than `net.core.rmem_max` (SO_RCVBUF). Datagrams that have no room are lost.
   */
  readonly receiveBufferSize?: number;
  /**
   * How many bytes of datagrams to send the system may keep; Linux doubles it, and keeps no more
   * than `net.core.wmem_max` (SO_SNDBUF).
   */
  readonly sendBufferSize?: number;
}

/** An option that a network has to declare before it is passed on. */
export type SpecialDatagramOption = keyof SpecialDatagramOptions;

/** The most that Linux doubles. */
const MAX_BUFFER_SIZE = 1_073_741_823;

/** The checks of {@linkcode SpecialDatagramOptions}. */
export const SPECIAL_DATAGRAM_CHECKS: OptionTable<SpecialDatagramOptions> = {
  reusePort: check.flag,
  fd: checkFd,
  receiveBufferSize: check.wholeNumber(1, MAX_BUFFER_SIZE),
  sendBufferSize: check.wholeNumber(1, MAX_BUFFER_SIZE),
};

/** Settings of a socket before it is bound: for one that is bound already they come too late. */
const BEFORE_BINDING = ["localAddr", "family", "reusePort", "reuseAddress", "ipv6Only"] as const;

/**
 * Throws for an option that a network would ignore.
 *
 * @throws {TypeError} If the network does not honour an option that is given.
 */
export function checkDatagramsHonoured(
  network: {
    readonly name: string;
    readonly honoursForDatagrams?: readonly SpecialDatagramOption[];
  },
  options: SpecialDatagramOptions,
): void {
  for (const name of Object.keys(SPECIAL_DATAGRAM_CHECKS) as SpecialDatagramOption[]) {
    // Not asked for is not refused.
    if (options[name] === undefined || options[name] === false) continue;
    if (network.honoursForDatagrams?.includes(name)) continue;
    throw new TypeError(
      `Cannot open endpoint: ${network.name} does not honour ${name} ${show(options[name])} for ` +
        "datagrams; give network: epollNetwork of @sluice/net/epoll",
    );
  }
}

/**
 * Throws for what cannot be asked of a socket that is open.
 *
 * @throws {TypeError} If `fd` is given with an option that is for binding.
 */
export function checkInherited(
  options: SpecialDatagramOptions & { readonly [Name in typeof BEFORE_BINDING[number]]?: unknown },
): void {
  if (options.fd === undefined) return;
  for (const name of BEFORE_BINDING) {
    if (options[name] === undefined) continue;
    throw new TypeError(
      `Cannot open endpoint: fd ${show(options.fd)} given together with ${name} ` +
        `${show(options[name])}, which is for a socket that is not bound yet; leave ${name} away`,
    );
  }
}
