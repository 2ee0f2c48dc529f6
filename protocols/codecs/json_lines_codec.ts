import { type Codec, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { FrameEncodeError } from "../errors.ts";
import { lineCodec } from "./line_codec.ts";
import { mapCodec } from "./map_codec.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";

/** The default of `maxLength`, in bytes: 1 MiB. A value is longer than a line that people type. */
const DEFAULT_MAX_JSON_LINE_LENGTH = 1_048_576;

/** Options for {@linkcode jsonLinesCodec}. */
export interface JsonLinesCodecOptions {
  /**
   * The longest value, in bytes of JSON; `Infinity` for no limit.
   *
   * @default {1048576}
   */
  readonly maxLength?: number;
}

/**
 * Options for {@linkcode jsonLinesCodec}: the type of a value, and its longest length.
 *
 * @typeParam In What is received.
 */
export interface TypedJsonLinesCodecOptions<In> extends JsonLinesCodecOptions {
  /**
   * Checks a value and gives it its type: the `parse` of a schema, or a function of yours. If it
   * throws, the message fails with a recoverable {@linkcode FrameDecodeError}.
   */
  readonly parse: (value: unknown) => In;
}

const CHECKS: OptionTable<TypedJsonLinesCodecOptions<unknown>> = {
  maxLength: check.wholeNumberOrInfinity(1),
  parse: check.functionLike("(value) => …"),
};

/**
 * JSON values, one a line: JSON Lines, also called NDJSON.
 *
 * Lines may end in `"\r\n"` and the last one without either; empty lines are passed over. Bad and
 * recoverable: a line that is too long or not JSON, and what `parse` throws. `"\n"` ends what is
 * written.
 *
 * @example Typed messages
 * ```ts
 * import { jsonLinesCodec } from "@sluice/net";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * interface Reading {
 *   celsius: number;
 * }
 * function parseReading(value: unknown): Reading {
 *   const { celsius } = value as Partial<Reading>;
 *   if (typeof celsius !== "number") throw new TypeError("Cannot use reading: no number");
 *   return { celsius };
 * }
 *
 * const codec = jsonLinesCodec({ parse: parseReading });
 * assertEquals(codec.encode({ celsius: 21 }), '{"celsius":21}\n');
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode('{"celsius":19.5}\n'));
 * assertEquals(reader.next(), { celsius: 19.5 });
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 * @param options The parse function and the limit.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If the limit is out of range.
 */
export function jsonLinesCodec<In, Out = In>(
  options: TypedJsonLinesCodecOptions<In>,
): Codec<In, Out>;
/** Values of any type, not checked. */
export function jsonLinesCodec(options?: JsonLinesCodecOptions): Codec<unknown>;
export function jsonLinesCodec(
  options: Partial<TypedJsonLinesCodecOptions<unknown>> = {},
): Codec<unknown> {
  checkOptions("use jsonLinesCodec", options, CHECKS);
  const { maxLength = DEFAULT_MAX_JSON_LINE_LENGTH, parse = (value: unknown) => value } = options;
  return mapCodec(filledLines(lineCodec({ maxLength })), {
    decode: (line: string): unknown => parse(JSON.parse(line)),
    encode: toJson,
  });
}

/** Lines with something in them. */
function filledLines(lines: Codec<string>): Codec<string> {
  return {
    decode(buffer): string | NeedMore {
      for (;;) {
        const line = lines.decode(buffer);
        if (line === NEED_MORE || !isBlank(line)) return line;
      }
    },
    decodeEnd(buffer): string | NeedMore {
      const line = lines.decodeEnd?.(buffer) ?? NEED_MORE;
      return line === NEED_MORE || isBlank(line) ? NEED_MORE : line;
    },
    encode: (line) => lines.encode(line),
  };
}

function isBlank(line: string): boolean {
  return line === "" || line.trim() === "";
}

function toJson(value: unknown): string {
  const json: string | undefined = JSON.stringify(value);
  if (json !== undefined) return json;
  throw new FrameEncodeError(`Cannot encode message: JSON has no ${typeof value}`);
}
