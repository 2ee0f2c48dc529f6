import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { Codec } from "../framing/codec.ts";
import type { Bytes } from "../bytes.ts";
import { DelimitedCodec, type DelimitedFormat } from "./_delimited_codec.ts";

/**
 * The default of `maxLength`, in bytes: the limit of asyncio's `readline` and of Go's
 * `bufio.Scanner`. SMTP (RFC 5321) and IRC allow far less, HTTP servers about as much.
 */
const DEFAULT_MAX_LINE_LENGTH = 65_536;

/** Options for {@linkcode lineCodec}. */
export interface LineCodecOptions {
  /**
   * The ending of received lines: `"\n"`, `"\r\n"`, or either of them. With `"lf"` a `"\r"` before
   * it, with `"crlf"` a `"\n"` by itself belongs to the line.
   *
   * @default {"either"}
   */
  readonly ending?: "lf" | "crlf" | "either";
  /**
   * The ending of sent lines, if either is accepted in received ones.
   *
   * @default {"lf"}
   */
  readonly writtenEnding?: "lf" | "crlf";
  /**
   * The longest line, in bytes without its ending; `Infinity` for no limit.
   *
   * @default {65536}
   */
  readonly maxLength?: number;
  /**
   * Whether data that ends inside a line is an error instead of a last line.
   *
   * @default {false}
   */
  readonly requireEnding?: boolean;
}

const CHECKS: OptionTable<LineCodecOptions & { readonly as?: "text" | "bytes" }> = {
  ending: check.oneOf("either", "lf", "crlf"),
  writtenEnding: check.oneOf("lf", "crlf"),
  maxLength: check.wholeNumberOrInfinity(1),
  requireEnding: check.flag,
  as: check.oneOf("text", "bytes"),
};

const LF = new Uint8Array([0x0a]);
const CRLF = new Uint8Array([0x0d, 0x0a]);
const ENDINGS = { lf: [LF], crlf: [CRLF], either: [LF, CRLF] };
const WRITTEN = { lf: LF, crlf: CRLF };

/**
 * Lines of text, or of bytes, without their endings.
 *
 * ```text
 * "one\ntwo\r\n\nlast"  ->  "one" "two" "" "last"
 * ```
 *
 * Bad and recoverable: a line that is too long (it is dropped as it arrives, and the next one is
 * read), and one that is not UTF-8. A line to be sent must not contain an ending. At the end of
 * data a last line needs no ending; half of one (`"\r"`) is dropped where either is read, as
 * tokio-util's `LinesCodec` does.
 *
 * @example Reading and writing
 * ```ts
 * import { lineCodec } from "@sluice/net";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = lineCodec({ writtenEnding: "crlf" });
 * assertEquals(codec.encode("HELO"), "HELO\r\n");
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode("one\r\ntwo\n"));
 * assertEquals(reader.next(), "one");
 * assertEquals(reader.next(), "two");
 * ```
 *
 * @param options Endings and limit; `as: "bytes"` for lines of bytes.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If a limit is out of range.
 * @throws {TypeError} If the ending that is written is not one that is read.
 */
export function lineCodec(options?: LineCodecOptions & { readonly as?: "text" }): Codec<string>;
/** Lines of bytes. */
export function lineCodec(
  options: LineCodecOptions & { readonly as: "bytes" },
): Codec<Bytes, Uint8Array>;
export function lineCodec(
  options: LineCodecOptions & { readonly as?: "text" | "bytes" } = {},
): Codec<string> | Codec<Bytes, Uint8Array> {
  checkOptions("use lineCodec", options, CHECKS);
  const { ending = "either", maxLength = DEFAULT_MAX_LINE_LENGTH, requireEnding = false } = options;
  const { writtenEnding = ending === "crlf" ? "crlf" : "lf" } = options;
  if (ending !== "either" && ending !== writtenEnding) {
    throw new TypeError(`Cannot write lines ending in "${writtenEnding}": "${ending}" is read`);
  }
  const format: DelimitedFormat = {
    delimiters: ENDINGS[ending],
    written: WRITTEN[writtenEnding],
    maxLength,
    requiresEnd: requireEnding,
    ...(ending === "either" && { droppedAtEnd: 0x0d }),
  };
  return options.as === "bytes"
    ? new DelimitedCodec<Bytes, Uint8Array>(format, false)
    : new DelimitedCodec<string, string>(format, true);
}
