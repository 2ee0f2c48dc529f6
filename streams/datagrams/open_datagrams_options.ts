import { functionLike, type OptionTable } from "../../protocols/option_checks.ts";
import {
  DATAGRAM_CHECKS,
  type DatagramEndpointOptions,
} from "../../transports/datagram_endpoint_options.ts";

/** Options for `openDatagrams`. */
export interface OpenDatagramsOptions extends DatagramEndpointOptions {
  /**
   * Told of what `errorReceived` of a protocol is told: datagrams that arrive cut off, for example.
   */
  readonly errorReceived?: (error: Error) => unknown;
}

/** The checks of {@linkcode OpenDatagramsOptions}. */
export const OPEN_DATAGRAMS_CHECKS: OptionTable<OpenDatagramsOptions> = {
  ...DATAGRAM_CHECKS,
  errorReceived: functionLike("(error) => …"),
};
