import {
  flag,
  functionLike,
  type OptionName,
  type OptionTable,
  text,
  wholeNumber,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { familyOf } from "../datagrams/ip_address.ts";

/** Options for sockets that some networks only can honour. */
export interface SpecialSocketOptions {
  /**
   * How many milliseconds a peer is idle before the system probes it first, if `keepAlive` is set.
   * The system has a default, often two hours. {@linkcode nodeNetwork} honours it.
   */
  readonly keepAliveDelay?: number;
  /**
   * Whether an end that is not in good order resets the connection (TCP's RST): `abort()`, an error
   * of a protocol, what `shutdown()` cuts short. The peer's next read fails then, so it cannot take
   * what it has for the whole. {@linkcode nodeNetwork} honours it.
   */
  readonly resetOnAbort?: boolean;
}

/** Options for connecting that some networks only can honour. */
export interface SpecialConnectOptions extends SpecialSocketOptions {
  /** The address of this machine to connect from. {@linkcode nodeNetwork} honours it. */
  readonly localAddress?: string;
  /** The port of this machine to connect from. {@linkcode nodeNetwork} honours it. */
  readonly localPort?: number;
  /**
   * Looks the host up instead of the system: gives its addresses in the order to try them.
   * {@linkcode nodeNetwork} honours it.
   */
  readonly lookup?: (hostname: string) => readonly string[] | Promise<readonly string[]>;
}

/** Options for listening that some networks only can honour. */
export interface SpecialListenOptions extends SpecialSocketOptions {
  /**
   * A socket that listens already, by its number, or `"systemd"` for those that systemd passed on,
   * or `"systemd:NAME"` for those of that name (LISTEN_FDS, LISTEN_FDNAMES). Given instead of port
   * and path. {@linkcode nodeNetwork} honours it.
   */
  readonly fd?: number | string;
}

/** An option that a network has to declare before it is passed on. */
export type SpecialOption = keyof (SpecialConnectOptions & SpecialListenOptions);

/** The checks of {@linkcode SpecialSocketOptions}. */
const SPECIAL_SOCKET_CHECKS: OptionTable<SpecialSocketOptions> = {
  keepAliveDelay: wholeNumber(1),
  resetOnAbort: flag,
};

/** The checks of {@linkcode SpecialConnectOptions}. */
export const SPECIAL_CONNECT_CHECKS: OptionTable<SpecialConnectOptions> = {
  ...SPECIAL_SOCKET_CHECKS,
  localAddress: checkIp,
  localPort: wholeNumber(1, 65_535),
  lookup: functionLike("(hostname) => [address]"),
};

/** The checks of {@linkcode SpecialListenOptions}. */
export const SPECIAL_LISTEN_CHECKS: OptionTable<SpecialListenOptions> = {
  ...SPECIAL_SOCKET_CHECKS,
  fd: checkFd,
};

function checkIp(value: unknown, option: OptionName): void {
  text(value, option);
  if (familyOf(String(value)) === null) throw wrongKind(option, value, "is not an IP address");
}

/** A number of a descriptor, `"systemd"` or `"systemd:NAME"`. */
function checkFd(value: unknown, option: OptionName): void {
  if (typeof value === "number") return wholeNumber(0)(value, option);
  if (typeof value === "string" && /^systemd(:.+)?$/.test(value)) return;
  throw wrongKind(option, value, 'is neither a number nor "systemd" nor "systemd:NAME"');
}

/** For each special option, the network of this library that honours it. */
const HONOURED_BY: Readonly<Record<SpecialOption, string>> = {
  fd: "nodeNetwork",
  keepAliveDelay: "nodeNetwork",
  localAddress: "nodeNetwork",
  localPort: "nodeNetwork",
  lookup: "nodeNetwork",
  resetOnAbort: "nodeNetwork",
};

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
  for (const [name, other] of Object.entries(HONOURED_BY) as [SpecialOption, string][]) {
    if (options[name] === undefined || network.honours?.includes(name)) continue;
    throw new TypeError(
      `Cannot ${action}: ${network.name} does not honour ${name}; give network: ${other}`,
    );
  }
}
