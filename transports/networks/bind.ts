import { familyOf } from "../datagrams/ip_address.ts";
import { DEFAULT_HOSTNAME, formatEndpoint } from "../core/addresses.ts";
import { describeEndpointError } from "../core/os_error.ts";
import type { NetworkListener } from "../servers/network_listener.ts";
import type { ListenPlace, Network } from "./network.ts";

/** How often a port that is free on one address may be taken on another before binding fails. */
const MAX_PORT_ATTEMPTS = 10;

/** Listens on one place of a network. */
type Listen = (place: ListenPlace) => Promise<NetworkListener>;

/**
 * Listens on every address of every place, or on none: as asyncio, on all addresses of a host name.
 * If port 0 is asked for, all addresses of a name get the same port.
 *
 * @param network Looks host names up.
 * @param places Where to listen.
 * @param listen Listens on one address.
 * @throws {NameResolutionError} If a host is not known.
 * @throws The error of the system for the first address that cannot be bound.
 */
export async function bindAll(
  network: Network,
  places: readonly ListenPlace[],
  listen: Listen,
): Promise<NetworkListener[]> {
  const bound: NetworkListener[] = [];
  try {
    for (const place of places) {
      const addresses = await addressesOf(network, place);
      bound.push(...await bindWithOnePort(place, addresses, listen));
    }
  } catch (error) {
    closeAll(bound);
    throw error;
  }
  return bound;
}

async function addressesOf(
  network: Network,
  { path, fd, hostname = DEFAULT_HOSTNAME }: ListenPlace,
): Promise<readonly (string | undefined)[]> {
  if (path !== undefined || fd !== undefined) return [undefined];
  if (network.lookup === undefined || familyOf(hostname.replace(/^\[|\]$/g, "")) !== null) {
    return [hostname];
  }
  const addresses = await network.lookup(hostname);
  // A permission may name the host and not its address.
  return addresses.length === 1 ? [hostname] : addresses;
}

/**
 * Binds all addresses of a place to one port: a port found free on the first may be taken on the
 * next.
 */
async function bindWithOnePort(
  place: ListenPlace,
  hostnames: readonly (string | undefined)[],
  listen: Listen,
): Promise<NetworkListener[]> {
  for (let attempt = 1;; attempt++) {
    const bound: NetworkListener[] = [];
    let port = place.port;
    try {
      for (const hostname of hostnames) {
        const address = {
          ...place,
          ...(hostname !== undefined && { hostname }),
          ...(port !== undefined && { port }),
        };
        const listener = await listenOrSkip(address, hostnames.length > 1, listen);
        if (listener === null) continue;
        bound.push(listener);
        if (listener.address.transport === "tcp") port = listener.address.port;
      }
      if (bound.length === 0) throw noAddressError(place);
      return bound;
    } catch (error) {
      closeAll(bound);
      const isTaken = error instanceof Deno.errors.AddrInUse && place.port === 0;
      if (!isTaken || bound.length === 0 || attempt === MAX_PORT_ATTEMPTS) throw error;
    }
  }
}

/** One listener; `null` for one of several addresses whose family the machine does not have. */
async function listenOrSkip(
  place: ListenPlace,
  isOneOfSeveral: boolean,
  listen: Listen,
): Promise<NetworkListener | null> {
  try {
    return await listen(place);
  } catch (error) {
    // asyncio passes over these too: IPv6 is often in the hosts file and switched off.
    if (isOneOfSeveral && error instanceof Deno.errors.AddrNotAvailable) return null;
    throw describeEndpointError(error, `Cannot listen on ${formatPlace(place)}`, place);
  }
}

function formatPlace(place: ListenPlace): string {
  return place.fd === undefined ? formatEndpoint(place) : `descriptor ${place.fd}`;
}

function noAddressError(place: ListenPlace): Error {
  const message = `Cannot listen on ${
    formatEndpoint(place)
  }: the machine has none of its addresses`;
  return new Deno.errors.AddrNotAvailable(message);
}

function closeAll(listeners: readonly NetworkListener[]): void {
  for (const listener of listeners) listener.close();
}
