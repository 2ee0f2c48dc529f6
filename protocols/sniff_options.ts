import { check, type OptionTable } from "./option_checks.ts";
import { WAIT_CHECKS, type WaitOptions } from "./waits/wait_options.ts";

/** Options for `sniff` and `sniffProtocol`. */
export interface SniffOptions extends WaitOptions {
  /**
   * How many milliseconds the peer may take to send enough to recognise its protocol.
   *
   * @default {5000}
   */
  readonly timeout?: number;
  /**
   * How many bytes are looked at, at most. If they match no case, the connection counts as `other`.
   *
   * @default {256}
   */
  readonly maxBytes?: number;
}

/** The checks of {@linkcode SniffOptions}. */
export const SNIFF_CHECKS: OptionTable<SniffOptions> = {
  ...WAIT_CHECKS,
  maxBytes: check.wholeNumber(1, 65_536),
};

/** The default of `timeout`, in milliseconds. */
export const SNIFF_TIMEOUT = 5000;
/** The default of `maxBytes`. */
export const SNIFF_BYTES = 256;
