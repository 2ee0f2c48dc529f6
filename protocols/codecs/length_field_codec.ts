import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { type Bytes, copyOf } from "../bytes.ts";
import { FrameDecodeError, FrameEncodeError } from "../errors.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import { prefixedParts } from "./_prefixed_parts.ts";
import { LengthLimit } from "./_length_limit.ts";

/**
 * The default of `maxLength`, in bytes: 1 MiB, as a WebSocket message of Python's `websockets`.
 * tokio-util allows 8 MiB, gRPC 4 MiB; but this much may be held for every connection.
 */
const DEFAULT_MAX_LENGTH_FIELD_MESSAGE = 1_048_576;

/**
 * Options for {@linkcode lengthFieldCodec}: the place of the length and what it counts, in bytes.
 *
 * ```text
 * |<- offset ->|<- lengthBytes ->|<- value + adjustment ->|
 * |            | length field    |                        |
 * |<----- strip ----->|<----------- message ------------->|
 * ```
 */
export interface LengthFieldCodecOptions {
  /**
   * The size of the length field, in bytes.
   *
   * @default {4}
   */
  readonly lengthBytes?: 1 | 2 | 3 | 4 | 8;
  /**
   * Whether its least significant byte comes first.
   *
   * @default {false}
   */
  readonly littleEndian?: boolean;
  /**
   * How many bytes precede the length field.
   *
   * @default {0}
   */
  readonly offset?: number;
  /**
   * The number to add to its value to get the number of bytes after it: negative if it counts part
   * of the header too, positive if it does not count all that follows.
   *
   * @default {0}
   */
  readonly adjustment?: number;
  /**
   * Whether its value counts the whole frame, from the first byte. The same as an `adjustment` of
   * `-(offset + lengthBytes)`, which must not be given as well.
   *
   * @default {false}
   */
  readonly includesHeader?: boolean;
  /**
   * How many bytes at the start of the frame are not part of the message: 0 keeps the header. By
   * default what stands up to the end of the length field.
   */
  readonly strip?: number;
  /**
   * The `strip` bytes that are written before each message; the length is put in its place. By
   * default zeros.
   */
  readonly header?: Uint8Array;
  /**
   * The longest message, in bytes as it is handed out; `Infinity` for no limit.
   *
   * @default {1048576}
   */
  readonly maxLength?: number;
}

const CHECKS: OptionTable<LengthFieldCodecOptions> = {
  lengthBytes: check.oneOf(1, 2, 3, 4, 8),
  littleEndian: check.flag,
  offset: check.wholeNumber(0, Number.MAX_SAFE_INTEGER),
  adjustment: check.wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  includesHeader: check.flag,
  strip: check.wholeNumber(0, Number.MAX_SAFE_INTEGER),
  header: check.bytes,
  maxLength: check.wholeNumberOrInfinity(1),
};

/**
 * Messages of bytes with their length in front: Netty's `LengthFieldBasedFrameDecoder`, both ways.
 *
 * A message that is too long is bad and recoverable: it is passed over as it arrives. A length that
 * ends before its own header is not. With a `strip` of 0, or one before the length field, the
 * message to be sent has room for the field, which is filled in (in a copy of the header).
 *
 * @example Two bytes of length, then the message
 * ```ts
 * import { lengthFieldCodec } from "@sluice/net";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = lengthFieldCodec({ lengthBytes: 2 });
 * assertEquals(codec.encode(new Uint8Array([7, 8, 9])), new Uint8Array([0, 3, 7, 8, 9]));
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new Uint8Array([0, 3, 7, 8, 9, 0]));
 * assertEquals(reader.next(), new Uint8Array([7, 8, 9]));
 * ```
 *
 * @example A frame type before the length, which counts the whole frame
 * ```ts
 * import { lengthFieldCodec } from "@sluice/net";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = lengthFieldCodec({ offset: 1, lengthBytes: 2, includesHeader: true, strip: 0 });
 * const reader = new FrameReader(codec);
 * reader.feedData(new Uint8Array([0xca, 0, 5, 1, 2]));
 * assertEquals(reader.next(), new Uint8Array([0xca, 0, 5, 1, 2]));
 * ```
 *
 * @param options The place of the length and what it counts.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If a number is out of range, or `header` has not `strip` bytes.
 * @throws {TypeError} If both `adjustment` and `includesHeader` are given.
 */
export function lengthFieldCodec(
  options: LengthFieldCodecOptions = {},
): Codec<Bytes, Uint8Array> {
  checkOptions("use lengthFieldCodec", options, CHECKS);
  const { lengthBytes = 4, offset = 0, littleEndian = false, includesHeader = false } = options;
  if (includesHeader && options.adjustment !== undefined) {
    throw new TypeError("Cannot adjust the length: both adjustment and includesHeader are given");
  }
  // The offset after the length field.
  const fieldEnd = offset + lengthBytes;
  const { adjustment = includesHeader ? -fieldEnd : 0, strip = fieldEnd } = options;
  const header = copyOf(options.header ?? new Uint8Array(strip));
  if (header.length !== strip) {
    throw new RangeError(`Cannot use header: it has ${header.length} bytes, ${strip} are stripped`);
  }
  const limit = new LengthLimit(options.maxLength ?? DEFAULT_MAX_LENGTH_FIELD_MESSAGE);
  // How much of the header a message brings along.
  const inside = Math.max(0, fieldEnd - strip);
  return {
    decode(buffer): Bytes | NeedMore {
      if (!limit.isPassed(buffer)) return NEED_MORE;
      const value = buffer.uintAt(offset, lengthBytes, littleEndian);
      if (value === undefined) return NEED_MORE;
      const total = fieldEnd + value + adjustment;
      if (total < fieldEnd || total < strip) {
        throw new FrameDecodeError(
          `Cannot decode length: with a value of ${value} the frame ends before its message`,
        );
      }
      return limit.take(buffer, strip, total - strip);
    },
    encode(message, segment): EncodedMessage {
      limit.checkSent(message);
      const value = strip + message.length - fieldEnd - adjustment;
      if (value < 0 || value > highestOf(lengthBytes) || message.length < inside) {
        throw new FrameEncodeError(
          `Cannot encode message: the length of its ${message.length} bytes would be ${value}`,
        );
      }
      const rest = inside > 0 ? message.subarray(inside) : message;
      return prefixedParts(strip + inside, rest, (target) => {
        target.set(header);
        if (inside > 0) target.set(message.subarray(0, inside), strip);
        writeUint(target.subarray(offset, fieldEnd), value, littleEndian);
      }, segment);
    },
  };
}

/** The highest length that so many bytes hold. */
function highestOf(lengthBytes: number): number {
  return Math.min(256 ** lengthBytes - 1, Number.MAX_SAFE_INTEGER);
}

function writeUint(target: Uint8Array, value: number, littleEndian: boolean): void {
  let left = value;
  for (let i = 0; i < target.length; i++) {
    target[littleEndian ? i : target.length - 1 - i] = left % 256;
    left = Math.floor(left / 256);
  }
}
