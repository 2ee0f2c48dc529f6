import { isIPv6, type LookupFunction } from "node:net";
import type { SpecialConnectOptions } from "./special_options.ts";

/** A user's look-up in the form that node:net calls. Its failure fails the attempt. */
export function toNodeLookup(lookup: NonNullable<SpecialConnectOptions["lookup"]>): LookupFunction {
  return (hostname, options, callback) => {
    void find(lookup, hostname).then(
      (found) => {
        const [first] = found;
        if (options.all) callback(null, found);
        else callback(null, first?.address ?? "", first?.family);
      },
      (error) => callback(error, []),
    );
  };
}

async function find(
  lookup: NonNullable<SpecialConnectOptions["lookup"]>,
  hostname: string,
): Promise<{ address: string; family: number }[]> {
  const addresses = await lookup(hostname);
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw new TypeError(`Cannot connect: lookup gave no address of ${hostname}`);
  }
  return addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}
