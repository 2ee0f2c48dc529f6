import { isIPv6, type LookupFunction } from "node:net";
import { type AddressLookup, lookUpAddresses } from "./look_up_addresses.ts";

/** A user's look-up in the form that node:net calls. Its failure fails the attempt. */
export function toNodeLookup(lookup: AddressLookup): LookupFunction {
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
  lookup: AddressLookup,
  hostname: string,
): Promise<{ address: string; family: number }[]> {
  const addresses = await lookUpAddresses(lookup, hostname);
  return addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
}
