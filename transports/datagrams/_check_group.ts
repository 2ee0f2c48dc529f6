import type { Address } from "../../protocols/facts/address.ts";
import type { GroupOptions } from "../../protocols/datagram_contract.ts";
import { check, checkOptions, type OptionTable, show } from "../../protocols/option_checks.ts";
import { formatAddress } from "../core/addresses.ts";
import { canonicalIp, familyOf, isGroup } from "../core/ip_address.ts";

const CHECKS: OptionTable<GroupOptions> = { interface: check.text, source: check.text };

/**
 * Throws for what cannot be a multicast group of an endpoint.
 *
 * @param action What is done with the group.
 * @param group The given group.
 * @param options The given options.
 * @param own The address of the endpoint.
 * @throws {TypeError} If it is no group of the endpoint's family, or an option is of a wrong kind.
 */
export function checkGroup(
  action: "join" | "leave",
  group: unknown,
  options: GroupOptions,
  own: Address,
): void {
  checkOptions(`${action} group`, options, CHECKS);
  const family = own.transport === "udp" ? familyOf(own.hostname) : null;
  if (typeof group !== "string" || !isGroup(group) || familyOf(group) !== family) {
    throw new TypeError(
      `Cannot ${action} ${show(group)}: it is no multicast group for the endpoint ` +
        `${formatAddress(own)} (224.0.0.0 to 239.255.255.255 of IPv4, ff00::/8 of IPv6)`,
    );
  }
  const { source } = options;
  if (source !== undefined && familyOf(canonicalIp(source)) !== 4) {
    throw new TypeError(`Cannot ${action} ${group}: the source "${source}" is no IPv4 address`);
  }
}
