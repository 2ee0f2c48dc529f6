import { type Check, check, type OptionTable } from "../../protocols/option_checks.ts";
import { WAIT_CHECKS, type WaitOptions } from "../../protocols/waits/wait_options.ts";

/** asyncio's default limit, in bytes. */
export const DEFAULT_LIMIT = 65_536;

/** Options for a `StreamReader`. */
export interface StreamReaderOptions {
  /**
   * The longest line or record that `readline` and `readuntil` take, in bytes, without its
   * separator. With more than twice as much buffered the transport is paused.
   *
   * @default {65536}
   */
  readonly limit?: number;
}

/** The checks of {@linkcode StreamReaderOptions}. */
export const READER_CHECKS: OptionTable<StreamReaderOptions> = {
  limit: check.numberAbove0("bytes"),
};

/**
 * Options for `readline` and `readuntil`.
 *
 * @typeParam A Whether the result is bytes or text.
 */
export interface ReadRecordOptions<A extends "bytes" | "text"> extends WaitOptions {
  /**
   * Whether the result is bytes, or a string that is decoded from UTF-8.
   *
   * @default {"bytes"}
   */
  readonly as?: A;
  /**
   * The treatment of bytes that are not UTF-8 in a text: each is replaced by U+FFFD, or the read
   * fails with a `TextDecodeError` that holds them, and the next one goes on after them.
   *
   * @default {"replace"}
   */
  readonly invalid?: "replace" | "error";
}

/** Options for {@linkcode StreamReader.lines}. */
export interface LinesOptions extends WaitOptions {
  /** As of {@linkcode ReadRecordOptions}. */
  readonly invalid?: "replace" | "error";
}

/** Options for a read of a number. */
export interface ReadNumberOptions extends WaitOptions {
  /**
   * Whether the least significant byte comes first. Most protocols send the most significant one
   * first: the order of the network.
   *
   * @default {false}
   */
  readonly littleEndian?: boolean;
}

/** The checks of {@linkcode LinesOptions}. */
export const LINES_CHECKS: OptionTable<LinesOptions> = {
  ...WAIT_CHECKS,
  invalid: check.oneOf("replace", "error"),
};

/** The members of {@linkcode ReadRecordOptions} beside those of `WaitOptions`. */
export const TEXT_CHECKS: Readonly<Record<string, Check>> = {
  invalid: LINES_CHECKS.invalid,
  as: check.oneOf("bytes", "text"),
};

/** The checks of {@linkcode ReadNumberOptions}. */
export const NUMBER_CHECKS: OptionTable<ReadNumberOptions> = {
  ...WAIT_CHECKS,
  littleEndian: check.flag,
};
