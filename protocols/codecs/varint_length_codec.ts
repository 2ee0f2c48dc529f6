import {
  type Codec,
  type EncodedMessage,
  type EncodeSegment,
  NEED_MORE,
  type NeedMore,
} from "../framing/codec.ts";
import type { Bytes } from "../bytes.ts";
import { FrameDecodeError } from "../errors.ts";
import { prefixedParts } from "./_prefixed_parts.ts";
import { check, checkOptions, type OptionTable } from "../option_checks.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";
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
  return new VarintLengthCodec(options.maxLength ?? DEFAULT_MAX_VARINT_MESSAGE);
}

class VarintLengthCodec implements Codec<Bytes, Uint8Array> {
  readonly #limit: LengthLimit;

  constructor(maxLength: number) {
    this.#limit = new LengthLimit(maxLength);
  }

  decode(buffer: ReceiveBuffer): Bytes | NeedMore {
    if (!this.#limit.isPassed(buffer)) return NEED_MORE;
    let length = 0;
    let size = 0;
    for (let unit = 1;; unit *= 128) {
      const byte = buffer.byteAt(size);
      if (byte === undefined) return NEED_MORE;
      size++;
      length += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      if (size === LONGEST_VARINT) {
        throw new FrameDecodeError(`Cannot decode length: varint of more than ${size} bytes`);
      }
    }
    if (length > this.#limit.max) this.#limit.refuse(buffer, size + length, length);
    if (buffer.length < size + length) return NEED_MORE;
    buffer.skip(size);
    return buffer.take(length);
  }

  encode(message: Uint8Array, segment?: EncodeSegment): EncodedMessage {
    this.#limit.checkSent(message);
    const header: number[] = [];
    let left = message.length;
    for (; left >= 128; left = Math.floor(left / 128)) header.push(left % 128 + 128);
    header.push(left);
    return prefixedParts(header.length, message, (target) => target.set(header), segment);
  }
}
