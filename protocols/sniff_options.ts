import { type OptionTable, wholeNumber } from "./option_checks.ts";
import { WAIT_CHECKS, type WaitOptions } from "./waits/wait_options.ts";

/** Options for `sniff` and `sniffProtocol`. */
export interface SniffOptions extends WaitOptions {
  /**
   * How many milliseconds the peer has to say what it is.
   *
   * @default {5000}
   */
  readonly timeout?: number;
  /**
   * The most bytes that are looked at, in bytes. If they do not decide it, the connection is one of
   * the others.
   *
   * @default {256}
   */
  readonly maxBytes?: number;
}

/** The checks of {@linkcode SniffOptions}. */
export const SNIFF_CHECKS: OptionTable<SniffOptions> = {
  ...WAIT_CHECKS,
  maxBytes: wholeNumber(1, 65_536),
};

/** The default of `timeout`, in milliseconds. */
export const SNIFF_TIMEOUT = 5000;
/** The default of `maxBytes`. */
export const SNIFF_BYTES = 256;
