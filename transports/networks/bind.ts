import { canonicalIp, familyOf } from "../core/ip_address.ts";
import { DEFAULT_HOSTNAME, formatEndpoint } from "../core/addresses.ts";
import { describeEndpointError } from "../core/os_error.ts";
import type { NetworkListener } from "../servers/network_listener.ts";
import type { ListenPlace, Network } from "./network.ts";

/** How often a port that is free on one address may be taken on another before binding fails. */
const MAX_PORT_ATTEMPTS = 10;

/** Every address of this machine. */
const [ANY_IPV4, ANY_IPV6] = ["0.0.0.0", "::"];

/** Listens on one place of a network. */
type Listen = (place: ListenPlace) => Promise<NetworkListener>;

/** One address to listen on. */
interface Candidate {
  /** The place that was asked for. */
  readonly asked: ListenPlace;
  /** Where that is: with the address, or with the name if it has one address only. */
  readonly place: ListenPlace;
  /** The address as it is compared. */
  readonly address: string | undefined;
  /** Whether the name has other addresses. */
  readonly isOneOfSeveral: boolean;
}

/** Options for {@linkcode bindAll}. */
interface BindAllOptions {
  /** Whether an IPv6 address leaves IPv4 alone. */
  readonly ipv6Only?: boolean | undefined;
}

/**
 * Listens on every address of every place, or on none: as asyncio, on all addresses of a host name,
 * and once on each. If port 0 is asked for, all addresses get the same port.
 *
 * `"0.0.0.0"` takes the connections of each IPv4 address, and `"::"` those of each IPv6 address
 * and, where the system does that, of IPv4 as well: addresses beside them that the system refuses
 * then are passed over.
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
  options: BindAllOptions = {},
): Promise<NetworkListener[]> {
  const found: Candidate[] = [];
  for (const place of places) found.push(...await candidatesOf(network, place));
  const candidates = withoutRepeats(found);
  for (let attempt = 1;; attempt++) {
    const binding = new Binding(listen, options);
    try {
      return await binding.bind(candidates);
    } catch (error) {
      closeAll(binding.bound);
      const isTaken = error instanceof Deno.errors.AddrInUse && binding.hasChosenPort;
      if (!isTaken || attempt === MAX_PORT_ATTEMPTS) throw error;
    }
  }
}

async function candidatesOf(network: Network, asked: ListenPlace): Promise<Candidate[]> {
  const { path, fd, hostname = DEFAULT_HOSTNAME } = asked;
  const isOneOfSeveral = false;
  if (path !== undefined || fd !== undefined) {
    return [{ asked, place: asked, address: undefined, isOneOfSeveral }];
  }
  const bare = hostname.replace(/^\[|\]$/g, "");
  const address = canonicalIp(bare);
  if (familyOf(address) !== null) {
    return [{ asked, place: { ...asked, hostname: bare }, address, isOneOfSeveral }];
  }
  const named = { asked, place: { ...asked, hostname }, isOneOfSeveral };
  if (network.lookup === undefined) return [{ ...named, address }];
  const addresses = await network.lookup(hostname);
  const [only] = addresses;
  // A permission may name the host and not its address.
  if (addresses.length === 1) return [{ ...named, address: only }];
  return addresses.map((address) => {
    const place = { ...asked, hostname: address };
    return { asked, place, address: canonicalIp(address), isOneOfSeveral: true };
  });
}

/** Each address once, and first those that take the connections of others. */
function withoutRepeats(candidates: readonly Candidate[]): Candidate[] {
  const places = new Map<unknown, Candidate>();
  for (const one of candidates) {
    const key = one.address === undefined ? one : `${one.address} ${one.asked.port}`;
    if (!places.has(key)) places.set(key, one);
  }
  const rank = ({ address }: Candidate): number =>
    address === ANY_IPV6 ? 0 : address === ANY_IPV4 ? 1 : 2;
  return [...places.values()].sort((a, b) => rank(a) - rank(b));
}

/** One attempt to listen on all addresses. */
class Binding {
  /** The listeners that are open by now. */
  readonly bound: NetworkListener[] = [];
  readonly #listen: Listen;
  readonly #takesIpv4: boolean;
  // The port for all that asked for any.
  #port = 0;

  constructor(listen: Listen, { ipv6Only = false }: BindAllOptions) {
    this.#listen = listen;
    this.#takesIpv4 = !ipv6Only && Deno.build.os !== "windows";
  }

  /** Whether the system chose the port, so that another may do. */
  get hasChosenPort(): boolean {
    return this.#port > 0;
  }

  async bind(candidates: readonly Candidate[]): Promise<NetworkListener[]> {
    const missing = new Map<ListenPlace, boolean>();
    for (const one of candidates) {
      const isThere = await this.#bindOne(one);
      missing.set(one.asked, (missing.get(one.asked) ?? true) && !isThere);
    }
    for (const [place, isMissing] of missing) if (isMissing) throw noAddressError(place);
    return this.bound;
  }

  /** Whether something listens on the address then. */
  async #bindOne({ asked, place, address, isOneOfSeveral }: Candidate): Promise<boolean> {
    const isAnyPort = asked.port === 0;
    const where = isAnyPort ? { ...place, port: this.#port } : place;
    try {
      const listener = await listenOrSkip(where, isOneOfSeveral, this.#listen);
      if (listener === null) return false;
      this.bound.push(listener);
      if (isAnyPort && listener.address.transport === "tcp") this.#port = listener.address.port;
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse && this.#isTaken(address, where.port)) return true;
      throw error;
    }
  }

  /** Whether another address of this server takes the connections of this one. */
  #isTaken(address: string | undefined, port: number | undefined): boolean {
    if (address === undefined) return false;
    const isIpv4 = familyOf(address) === 4;
    const isAny = (hostname: string): boolean =>
      isIpv4
        ? hostname === ANY_IPV4 || this.#takesIpv4 && hostname === ANY_IPV6
        : hostname === ANY_IPV6;
    return this.bound.some(({ address }) =>
      address.transport === "tcp" && address.port === port && isAny(address.hostname)
    );
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
    if (isOneOfSeveral && isMissing(error)) return null;
    throw describeEndpointError(error, `Cannot listen on ${formatPlace(place)}`, place);
  }
}

/** Whether the machine does not have an address, or nothing of its family. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.AddrNotAvailable ||
    (error instanceof Error && "code" in error && error.code === "EAFNOSUPPORT");
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
