import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import type { Bytes } from "../bytes.ts";
import { FrameDecodeError } from "../errors.ts";
import { prefixedParts } from "./_prefixed_parts.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import { LengthLimit } from "./_length_limit.ts";

/** The default of `maxLength`, in bytes: 1 MiB, as for other messages with a length in front. */
const DEFAULT_MAX_VARINT_MESSAGE = 1_048_576;

/** The longest varint of Protocol Buffers, in bytes: 64 bits in groups of seven. */
const LONGEST_VARINT = 10;

/** Options for {@linkcode varintLengthCodec}. */
export interface VarintLengthCodecOptions {
  /**
   * The longest message, in bytes; `Infinity` for no limit.
   *
   * @default {1048576}
   */
  readonly maxLength?: number;
}

const CHECKS: OptionTable<VarintLengthCodecOptions> = { maxLength: check.wholeNumberOrInfinity(1) };

/**
 * Messages of bytes with their length in front as a varint: how Protocol Buffers are strung
 * together (`writeDelimitedTo` in Java).
 *
 * ```text
 * 0xAC 0x02 <300 bytes>   seven bits a byte, the lowest first; bit 7: more follow
 * ```
 *
 * A message that is too long is bad and recoverable: it is passed over as it arrives. A varint of
 * more than ten bytes is not. One that is longer than it need be is accepted, as Protocol Buffers
 * do.
 *
 * @example Reading and writing
 * ```ts
 * import { varintLengthCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = varintLengthCodec();
 * assertEquals(codec.encode(new Uint8Array([8, 9])), new Uint8Array([2, 8, 9]));
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new Uint8Array([2, 8, 9, 0]));
 * assertEquals(reader.next(), new Uint8Array([8, 9]));
 * assertEquals(reader.next(), new Uint8Array(0));
 * ```
 *
 * @param options The limit.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If it is out of range.
 */
export function varintLengthCodec(
  options: VarintLengthCodecOptions = {},
): Codec<Bytes, Uint8Array> {
  checkOptions("use varintLengthCodec", options, CHECKS);
  const limit = new LengthLimit(options.maxLength ?? DEFAULT_MAX_VARINT_MESSAGE);
  return {
    decode(buffer): Bytes | NeedMore {
      if (!limit.isPassed(buffer)) return NEED_MORE;
      let length = 0;
      for (let size = 1;; size++) {
        const byte = buffer.byteAt(size - 1);
        if (byte === undefined) return NEED_MORE;
        length += (byte & 0x7f) * 128 ** (size - 1);
        if (byte < 0x80) return limit.take(buffer, size, length);
        if (size === LONGEST_VARINT) {
          throw new FrameDecodeError(`Cannot decode length: varint of more than ${size} bytes`);
        }
      }
    },
    encode(message, segment): EncodedMessage {
      limit.checkSent(message);
      const header: number[] = [];
      let left = message.length;
      for (; left >= 128; left = Math.floor(left / 128)) header.push(left % 128 + 128);
      header.push(left);
      return prefixedParts(header.length, message, (target) => target.set(header), segment);
    },
  };
}
