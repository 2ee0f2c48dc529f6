import { check, type OptionTable } from "../protocols/option_checks.ts";
import { type DatagramOptions, ENDPOINT_CHECKS } from "./datagrams/datagram_options.ts";
import type { NetworkOption } from "./networks/network.ts";

/** Options for `createDatagramEndpoint`. */
export interface DatagramEndpointOptions extends DatagramOptions, NetworkOption {}

/** The checks of {@linkcode DatagramEndpointOptions}. */
export const DATAGRAM_CHECKS: OptionTable<DatagramEndpointOptions> = {
  ...ENDPOINT_CHECKS,
  network: check.objectWith("a Network", "connect", "listen"),
};
