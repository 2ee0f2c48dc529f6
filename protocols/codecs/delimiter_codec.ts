import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { Codec } from "../framing/codec.ts";
import { type Bytes, copyOf } from "../bytes.ts";
import { DelimitedCodec, type DelimitedFormat } from "./_delimited_codec.ts";

/**
 * The default of `maxLength`, in bytes: as for lines, which are the same with another delimiter.
 */
const DEFAULT_MAX_DELIMITED_LENGTH = 65_536;

/** Options for {@linkcode delimiterCodec}. */
export interface DelimiterCodecOptions {
  /**
   * The longest message, in bytes without its delimiter; `Infinity` for no limit.
   *
   * @default {65536}
   */
  readonly maxLength?: number;
  /**
   * Whether data that ends without a delimiter is an error instead of a last message.
   *
   * @default {false}
   */
  readonly requireDelimiter?: boolean;
}

const CHECKS: OptionTable<DelimiterCodecOptions & { readonly as?: "text" | "bytes" }> = {
  maxLength: check.wholeNumberOrInfinity(1),
  requireDelimiter: check.flag,
  as: check.oneOf("text", "bytes"),
};

const encoder = new TextEncoder();

/**
 * Messages with a delimiter after each, handed out without it. Of several delimiters the one that
 * ends first counts, of those that end together the longest; the first of the list is written.
 *
 * Bad and recoverable: a message that is too long (it is dropped as it arrives, and the next one is
 * read), and text that is not UTF-8. A message to be sent must not contain a delimiter, nor end so
 * that one would begin in it.
 *
 * @example Records between semicolons
 * ```ts
 * import { delimiterCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = delimiterCodec([";", "\0"], { as: "text" });
 * assertEquals(codec.encode("one"), "one;");
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode("one\0two;"));
 * assertEquals(reader.next(), "one");
 * assertEquals(reader.next(), "two");
 * ```
 *
 * @param delimiters One or several, as bytes or as a string that is UTF-8.
 * @param options The limit; `as: "text"` for messages that are text.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If there is no delimiter, one is empty, or the limit is out of range.
 */
export function delimiterCodec(
  delimiters: Uint8Array | string | readonly (Uint8Array | string)[],
  options?: DelimiterCodecOptions & { readonly as?: "bytes" },
): Codec<Bytes, Uint8Array>;
/** Messages of text, decoded from UTF-8. */
export function delimiterCodec(
  delimiters: Uint8Array | string | readonly (Uint8Array | string)[],
  options: DelimiterCodecOptions & { readonly as: "text" },
): Codec<string>;
export function delimiterCodec(
  delimiters: Uint8Array | string | readonly (Uint8Array | string)[],
  options: DelimiterCodecOptions & { readonly as?: "text" | "bytes" } = {},
): Codec<string> | Codec<Bytes, Uint8Array> {
  checkOptions("use delimiterCodec", options, CHECKS);
  const { maxLength = DEFAULT_MAX_DELIMITED_LENGTH, requireDelimiter = false } = options;
  const isOne = typeof delimiters === "string" || delimiters instanceof Uint8Array;
  const list = (isOne ? [delimiters] : delimiters).map((delimiter) =>
    typeof delimiter === "string" ? encoder.encode(delimiter) : copyOf(delimiter)
  );
  const format: DelimitedFormat = {
    delimiters: list,
    written: list[0] ?? new Uint8Array(0),
    maxLength,
    requiresEnd: requireDelimiter,
  };
  return options.as === "text"
    ? new DelimitedCodec<string, string>(format, true)
    : new DelimitedCodec<Bytes, Uint8Array>(format, false);
}
