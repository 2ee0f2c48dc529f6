import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import type { Bytes } from "../bytes.ts";
import { FrameDecodeError } from "../errors.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";
import { LengthLimit } from "./_length_limit.ts";

/**
 * The default of `maxLength`, in bytes: 1 MiB, as for other messages with a length in front.
 * Twisted allows 99,999.
 */
const DEFAULT_MAX_NETSTRING_LENGTH = 1_048_576;

/** A length of more digits is refused at once: 2^53 has 16. */
const MAX_DIGITS = 15;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Options for {@linkcode netstringCodec}. */
export interface NetstringCodecOptions {
  /**
   * The longest message, in bytes; `Infinity` for no limit.
   *
   * @default {1048576}
   */
  readonly maxLength?: number;
}

const CHECKS: OptionTable<NetstringCodecOptions> = { maxLength: check.wholeNumberOrInfinity(1) };

/**
 * Netstrings: messages of bytes between a length in digits and a comma, as D. J. Bernstein wrote
 * them down.
 *
 * ```text
 * "12:hello world!,"  ->  "hello world!"        "0:,"  ->  ""
 * ```
 *
 * A message that is too long is bad and recoverable: it is passed over as it arrives. Anything else
 * that is wrong breaks the stream: a length with leading zeros or without digits, a missing comma.
 *
 * @example Reading and writing
 * ```ts
 * import { mapCodec } from "@sluice/net";
 * import { netstringCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = mapCodec(netstringCodec(), {
 *   decode: (bytes) => new TextDecoder().decode(bytes),
 *   encode: (text: string) => new TextEncoder().encode(text),
 * });
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode("5:hello,0:,"));
 * assertEquals(reader.next(), "hello");
 * assertEquals(reader.next(), "");
 * ```
 *
 * @param options The limit.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If it is out of range.
 */
export function netstringCodec(options: NetstringCodecOptions = {}): Codec<Bytes, Uint8Array> {
  checkOptions("use netstringCodec", options, CHECKS);
  const limit = new LengthLimit(options.maxLength ?? DEFAULT_MAX_NETSTRING_LENGTH);
  // Whether a message was passed over, up to its comma.
  let isCommaDue = false;
  return {
    decode(buffer): Bytes | NeedMore {
      if (!limit.isPassed(buffer)) return NEED_MORE;
      if (isCommaDue) {
        if (buffer.length === 0) return NEED_MORE;
        takeComma(buffer);
        isCommaDue = false;
      }
      const length = readLength(buffer);
      if (length === null) return NEED_MORE;
      isCommaDue = length > limit.max;
      const message = limit.take(buffer, `${length}:`.length, length, 1);
      if (message !== NEED_MORE) takeComma(buffer);
      return message;
    },
    encode(message): EncodedMessage {
      limit.checkSent(message);
      return [`${message.length}:`, message, ","];
    },
  };
}

function takeComma(buffer: ReceiveBuffer): void {
  const byte = buffer.byteAt(0) ?? 0;
  if (byte !== COMMA) throw unexpected(byte, "the comma after the message");
  buffer.skip(1);
}

/** The length before the colon; `null` if not all of it has arrived yet. */
function readLength(buffer: ReceiveBuffer): number | null {
  let length = 0;
  for (let i = 0;; i++) {
    const byte = buffer.byteAt(i);
    if (byte === undefined) return null;
    if (byte === COLON && i > 0) return length;
    const isLeadingZero = i === 1 && length === 0;
    if (byte < ZERO || byte > NINE || isLeadingZero) {
      throw unexpected(byte, i === 0 ? "a length" : "a colon");
    }
    if (i === MAX_DIGITS) {
      throw new FrameDecodeError(`Cannot decode netstring: length of more than ${i} digits`);
    }
    length = length * 10 + byte - ZERO;
  }
}

function unexpected(byte: number, expected: string): FrameDecodeError {
  const hex = byte.toString(16).padStart(2, "0");
  return new FrameDecodeError(`Cannot decode netstring: byte 0x${hex} instead of ${expected}`);
}
