import { DEFAULT_HOSTNAME, formatHostPort } from "../core/addresses.ts";
import { lookUpHost } from "./_look_up_host.ts";
import { familyOf } from "../core/ip_address.ts";
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

/**
 * The addresses of a host to connect to one by one.
 *
 * @param lookup A user's, or that of a network.
 * @returns The host itself if it is an address, or if the permissions cover its name and not its
 * addresses.
 */
export async function lookUpToDial(
  hostname: string = DEFAULT_HOSTNAME,
  port: number = 0,
  lookup?: AddressLookup,
): Promise<readonly string[]> {
  if (lookup === undefined || familyOf(hostname) !== null) return [hostname];
  if (lookup !== lookUpHost) return await lookUpAddresses(lookup, hostname);
  const found = await lookUpHost(hostname);
  return found.every((address) => mayConnect(address, port)) ? found : [hostname];
}

function mayConnect(address: string, port: number): boolean {
  const descriptor = { name: "net", host: formatHostPort(address, port) } as const;
  return Deno.permissions.querySync(descriptor).state === "granted";
}
