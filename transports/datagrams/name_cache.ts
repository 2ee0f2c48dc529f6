import { NameResolutionError } from "../../protocols/errors.ts";
import { familyOf } from "../core/ip_address.ts";

/** How many names are remembered; the oldest is forgotten for the next one. */
const MAX_NAMES = 1024;

/** Finds the IP addresses of a host. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** The IP addresses of the hosts that an endpoint sends to: each name is looked up once. */
export class NameCache {
  readonly #lookup: Lookup;
  readonly #family: 4 | 6;
  readonly #known = new Map<string, string>();

  /** Finds addresses of one family. */
  constructor(lookup: Lookup, family: 4 | 6) {
    this.#lookup = lookup;
    this.#family = family;
  }

  /** The address of a name that was looked up before. */
  get(hostname: string): string | undefined {
    return this.#known.get(hostname);
  }

  /**
   * Looks a name up. A failure is not remembered.
   *
   * @throws {NameResolutionError} If the host is not known, or has no address of the family.
   */
  async resolve(hostname: string): Promise<string> {
    const address = await resolveHost(this.#lookup, hostname, this.#family);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_NAMES) this.#known.delete(oldest);
    this.#known.set(hostname, address);
    return address;
  }
}

/**
 * The first IP address of a host, or the first of a family.
 *
 * @throws {NameResolutionError} If there is none.
 */
export async function resolveHost(
  lookup: Lookup,
  hostname: string,
  family: 4 | 6 | null,
): Promise<string> {
  let addresses: readonly string[];
  try {
    addresses = await lookup(hostname);
  } catch (cause) {
    if (cause instanceof NameResolutionError) throw cause;
    throw new NameResolutionError(hostname, { cause });
  }
  // Where a permission is for the name alone, the name itself is what is found.
  const found = addresses.find((address) =>
    family === null || address === hostname || familyOf(address) === family
  );
  if (found !== undefined) return found;
  const cause = new Error(`None of its addresses is of IPv${family}: ${addresses.join(", ")}`);
  throw new NameResolutionError(hostname, { cause });
}
