import { familyOf } from "../datagrams/ip_address.ts";
import { show } from "../../protocols/option_checks.ts";

/** Looks up the addresses of a host, in the order to try them. */
export type AddressLookup = (hostname: string) => readonly string[] | Promise<readonly string[]>;

/**
 * The addresses that a look-up finds, once they are checked.
 *
 * @throws {TypeError} If it is anything but a list of IP addresses, at least one.
 * @throws What the look-up throws.
 */
export async function lookUpAddresses(
  lookup: AddressLookup,
  hostname: string,
): Promise<readonly string[]> {
  const addresses: unknown = await lookup(hostname);
  if (!Array.isArray(addresses)) {
    throw new TypeError(
      `Cannot connect: lookup answered ${show(addresses)} for ${hostname}; give a list of IP ` +
        "addresses",
    );
  }
  if (addresses.length === 0) {
    throw new TypeError(`Cannot connect: lookup gave no address of ${hostname}`);
  }
  const wrong = addresses.find((one) => typeof one !== "string" || familyOf(one) === null);
  if (wrong === undefined) return addresses;
  throw new TypeError(
    `Cannot connect: lookup answered ${show(wrong)} for ${hostname}, which is no IP address`,
  );
}
