import type { Address, NetAddress } from "../../protocols/facts/address.ts";
import type { DatagramDestination } from "../../protocols/datagram_contract.ts";
import { show } from "../../protocols/option_checks.ts";
import { DEFAULT_HOSTNAME, formatAddress } from "../core/addresses.ts";
import { canonicalIp, familyOf } from "../core/ip_address.ts";

/** A host and a port whose address is not known yet. */
export interface NamedDestination {
  /** The name to look up. */
  readonly name: string;
  /** The port. */
  readonly port: number;
}

/** Whether the address of a destination must be looked up. */
export function isNamed(
  destination: Address | NamedDestination,
): destination is NamedDestination {
  return "name" in destination && "port" in destination;
}

/** A destination as people write it. */
export function formatDestination(destination: Address | NamedDestination): string {
  if (!isNamed(destination)) return formatAddress(destination);
  return `${destination.name}:${destination.port}`;
}

/** Where the datagrams of one endpoint may go. */
export class Destinations {
  readonly #own: Address;
  readonly #peer: Address | null;
  readonly #ipv6Only: boolean;
  // Addresses that came from the carrier and cannot change: answers to them need no check.
  readonly #known = new WeakSet<object>();
  #lastKnown: Address | null = null;

  /** Takes the address of the endpoint, and that of its peer if it is connected. */
  constructor(own: Address, peer: Address | null, ipv6Only: boolean) {
    this.#own = own;
    this.#peer = peer;
    this.#ipv6Only = ipv6Only;
  }

  /** A datagram came from this address. */
  remember(address: Address): void {
    if (address === this.#lastKnown || !Object.isFrozen(address)) return;
    this.#lastKnown = address;
    this.#known.add(address);
  }

  /**
   * The given destination of a datagram, that of the peer if none is given.
   *
   * @throws {TypeError} If it is missing, or cannot be used with this endpoint.
   * @throws {RangeError} If the port is out of range.
   */
  check(given: DatagramDestination | null | undefined): Address | NamedDestination {
    const peer = this.#peer;
    if (given === undefined || given === null) {
      if (peer !== null) return peer;
      throw new TypeError(
        "Cannot send datagram: no address given, and the endpoint is not connected; " +
          "give one, or open the endpoint with remoteAddr",
      );
    }
    if (given === peer) return peer;
    const isKnown = given === this.#lastKnown || this.#known.has(given);
    if (peer === null && isKnown) return given as Address;
    const checked = checkDestination(given, this.#own, this.#ipv6Only);
    if (peer === null) return checked;
    if (!isNamed(checked) && isSameAddress(checked, peer)) return peer;
    throw new TypeError(
      `Cannot send datagram to ${formatDestination(checked)}: the endpoint is connected to ` +
        formatAddress(peer),
    );
  }
}

/** Whether two addresses are of one place, however they are written. */
export function isSameAddress(a: Address, b: Address): boolean {
  if (a === b) return true;
  if (a.transport === "udp" && b.transport === "udp") {
    if (a.port !== b.port) return false;
    return a.hostname === b.hostname || canonicalIp(a.hostname) === canonicalIp(b.hostname);
  }
  if (a.transport === "memory" && b.transport === "memory") return a.name === b.name;
  return "path" in a && "path" in b && a.path === b.path;
}

/**
 * The given address of a datagram, checked for an endpoint with the address `own`.
 *
 * @throws {TypeError} If it is of another kind or family than the endpoint.
 * @throws {RangeError} If the port is out of range.
 */
function checkDestination(
  given: unknown,
  own: Address,
  ipv6Only: boolean,
): Address | NamedDestination {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(
      `Cannot send datagram: the address is ${show(given)}, give { hostname, port } or { path }`,
    );
  }
  if (own.transport === "udp") return checkHost(given, own, ipv6Only);
  const { transport } = own;
  if (transport === "memory" && "name" in given) return { transport, name: String(given.name) };
  if (transport === "unixpacket" && "path" in given) return { transport, path: checkPath(given) };
  throw new TypeError(
    `Cannot send datagram to ${show(given)}: the endpoint is ${formatAddress(own)}, ` +
      `which has a ${transport} address`,
  );
}

interface GivenHost {
  readonly transport?: unknown;
  readonly hostname?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

function checkHost(
  { transport = "udp", hostname = DEFAULT_HOSTNAME, port, path }: GivenHost,
  own: NetAddress,
  ipv6Only: boolean,
): NetAddress | NamedDestination {
  if (transport !== "udp" || path !== undefined) {
    throw new TypeError(
      `Cannot send datagram to the ${path === undefined ? "transport" : "path"} ` +
        `${show(path ?? transport)}: the endpoint is ${formatAddress(own)}, which has UDP ` +
        "addresses, { hostname, port }",
    );
  }
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError(`Cannot send datagram: the hostname is ${show(hostname)}`);
  }
  const checked = checkPort("Cannot send datagram", port, 1);
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = familyOf(address);
  if (family === null) return { name: hostname, port: checked };
  const ownFamily = familyOf(own.hostname);
  if (family === ownFamily) return { transport: "udp", hostname: address, port: checked };
  const short = canonicalIp(address);
  if (familyOf(short) === ownFamily) return { transport: "udp", hostname: short, port: checked };
  const isDual = ownFamily === 6 && canonicalIp(own.hostname) === "::" && !ipv6Only;
  if (isDual) return { transport: "udp", hostname: `::ffff:${address}`, port: checked };
  throw new TypeError(
    `Cannot send datagram to ${hostname}, which is IPv${family}: the endpoint is bound to ` +
      `${formatAddress(own)}; open one with localAddr { hostname: "${
        family === 6 ? "::" : "0.0.0.0"
      }" }`,
  );
}

/**
 * A port that can be used.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of range.
 */
function checkPort(action: string, port: unknown, lowest: 0 | 1): number {
  if (typeof port !== "number") throw new TypeError(`${action}: port ${show(port)} is no number`);
  if (Number.isInteger(port) && port >= lowest && port <= 65535) return port;
  throw new RangeError(`${action}: port ${port} is not in ${lowest} to 65535`);
}

function checkPath({ path }: { readonly path: unknown }): string {
  if (typeof path === "string" && path !== "") return path;
  throw new TypeError(`Cannot send datagram: the path is ${show(path)}`);
}
