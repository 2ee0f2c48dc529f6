import { check, type OptionTable } from "../../protocols/option_checks.ts";
import {
  DATAGRAM_CHECKS,
  type DatagramEndpointOptions,
} from "../../transports/datagram_endpoint_options.ts";

/** Options for `openDatagrams`. */
export interface OpenDatagramsOptions extends DatagramEndpointOptions {
  /** Gets the errors that `errorReceived` of a protocol gets, such as truncated datagrams. */
  readonly errorReceived?: (error: Error) => unknown;
}

/** The checks of {@linkcode OpenDatagramsOptions}. */
export const OPEN_DATAGRAMS_CHECKS: OptionTable<OpenDatagramsOptions> = {
  ...DATAGRAM_CHECKS,
  errorReceived: check.functionLike("(error) => …"),
};
