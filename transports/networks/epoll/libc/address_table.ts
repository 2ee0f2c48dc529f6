import type { NetAddress, UnixAddress } from "../../../../protocols/facts/address.ts";
import { copyOf } from "../../../../protocols/bytes.ts";
import type { Libc } from "./libc.ts";
import { decodeAddress } from "./socket_address.ts";

/** How many senders are remembered. A power of two: the port chooses the place. */
const PLACES = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly address: NetAddress | UnixAddress;
}

/** One object for each address that is in use: the datagrams of a frequent sender share it. */
export class AddressTable {
  readonly #libc: Libc;
  readonly #known: (Known | undefined)[] = new Array(PLACES);

  /** Creates an empty table. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** The bytes that {@linkcode get} gave the object for; `undefined` if that is not known. */
  bytesOf(address: object): Uint8Array | undefined {
    const port = "port" in address ? Number(address.port) : 0;
    const known = this.#known[port & (PLACES - 1)];
    return known?.address === address ? known.bytes : undefined;
  }

  /** The object for an address that the system has written. */
  get(bytes: Uint8Array, length: number): NetAddress | UnixAddress {
    const place = (bytes[3] ?? 0) & (PLACES - 1);
    const known = this.#known[place];
    if (known !== undefined && isSame(known.bytes, bytes, length)) return known.address;
    const address = Object.freeze(decodeAddress(this.#libc, bytes, length, "datagram"));
    this.#known[place] = { bytes: copyOf(bytes, 0, length), address };
    return address;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[i]) return false;
  return true;
}
