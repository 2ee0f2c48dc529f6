import type { Address, NetAddress } from "../../protocols/facts/address.ts";
import { DEFAULT_HOSTNAME, type Endpoint } from "../core/addresses.ts";
import type { DatagramOptions, DatagramPlace } from "./datagram_options.ts";
import { familyOf, isLoopback } from "../core/ip_address.ts";
import { type Lookup, resolveHost } from "./name_cache.ts";

/** Both ends of an endpoint. */
interface Places {
  /** The address to bind, or the socket to take over. */
  readonly local: Endpoint & { readonly fd?: number | string };
  /** The peer of a connected endpoint. */
  readonly remote: Address | null;
}

/**
 * Where an endpoint is and where its peer is. Names are looked up once, both addresses are of one
 * family.
 *
 * @throws {TypeError} If they cannot be.
 * @throws {NameResolutionError} If a host is not known, or not in that family.
 */
export async function resolvePlaces(
  options: DatagramOptions,
  lookup: Lookup,
): Promise<Places> {
  const { localAddr, remoteAddr, fd } = options;
  if (fd !== undefined) return { local: { fd }, remote: await peerOf(remoteAddr, lookup) };
  if (localAddr?.path !== undefined || remoteAddr?.path !== undefined) {
    return { local: { path: localAddr?.path ?? "" }, remote: toUnix(remoteAddr?.path) };
  }
  const family = options.family ?? null;
  const own = localAddr && await resolve(localAddr, family, lookup);
  const ownFamily = own === undefined ? family : familyOf(own.hostname);
  const peer = remoteAddr && await resolve(remoteAddr, ownFamily, lookup);
  const local = own ?? { hostname: sourceFor(peer?.hostname, family), port: 0 };
  return { local, remote: peer ?? null };
}

/** The peer of a socket whose family is not known yet. */
async function peerOf(
  remoteAddr: DatagramPlace | undefined,
  lookup: Lookup,
): Promise<Address | null> {
  if (remoteAddr?.path !== undefined) return toUnix(remoteAddr.path);
  return remoteAddr === undefined ? null : await resolve(remoteAddr, null, lookup);
}

function toUnix(path: string | undefined): Address | null {
  return path === undefined ? null : { transport: "unixpacket", path };
}

/** Where to send from: the loopback interface, if the peer is there. */
function sourceFor(peer: string | undefined, family: 4 | 6 | null): string {
  const isIPv6 = (peer === undefined ? family : familyOf(peer)) === 6;
  if (peer === undefined || !isLoopback(peer)) return isIPv6 ? "::" : "0.0.0.0";
  return isIPv6 ? "::1" : "127.0.0.1";
}

async function resolve(
  { hostname = DEFAULT_HOSTNAME, port = 0 }: DatagramPlace,
  family: 4 | 6 | null,
  lookup: Lookup,
): Promise<NetAddress> {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  const known = familyOf(bare);
  if (known !== null && family !== null && known !== family) {
    throw new TypeError(
      `Cannot open endpoint: ${hostname} is an IPv${known} address, the endpoint is IPv${family}`,
    );
  }
  const address = known === null ? await resolveHost(lookup, hostname, family) : bare;
  return { transport: "udp", hostname: address, port };
}
