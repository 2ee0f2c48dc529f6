import type { NetAddress } from "../../../protocols/facts/address.ts";

/** How many addresses are remembered. A power of two: the port chooses the place. */
const PLACES = 256;

/**
 * One object for each address that is in use. The datagrams of a frequent sender share it, which
 * costs less memory than one each.
 */
export class AddressCache {
  readonly #addresses: (NetAddress | undefined)[] = new Array(PLACES);

  /** The object for an address. */
  get(hostname: string, port: number): NetAddress {
    const place = port & (PLACES - 1);
    const known = this.#addresses[place];
    if (known !== undefined && known.port === port && known.hostname === hostname) return known;
    const address: NetAddress = Object.freeze({ transport: "udp", hostname, port });
    this.#addresses[place] = address;
    return address;
  }
}
