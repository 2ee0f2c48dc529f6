import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { type Bytes, checkBytes } from "../bytes.ts";
import { FrameEncodeError } from "../errors.ts";

/**
 * Messages that are all of the same length. Data that ends inside one is an
 * {@linkcode IncompleteFrameError}.
 *
 * @example Records of two bytes
 * ```ts
 * import { fixedLengthCodec } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const reader = new FrameReader(fixedLengthCodec(2));
 * reader.feedData(new Uint8Array([1, 2, 3, 4]));
 * assertEquals(reader.next(), new Uint8Array([1, 2]));
 * assertEquals(reader.next(), new Uint8Array([3, 4]));
 * ```
 *
 * @param length The length of each message, in bytes.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If it is not a whole number of at least 1.
 */
export function fixedLengthCodec(length: number): Codec<Bytes, Uint8Array> {
  if (!(Number.isSafeInteger(length) && length >= 1)) {
    throw new RangeError(
      `Cannot cut messages of ${length} bytes: not a whole number of at least 1`,
    );
  }
  return {
    decode: (buffer): Bytes | NeedMore => buffer.length < length ? NEED_MORE : buffer.take(length),
    encode(message): EncodedMessage {
      checkBytes(message, "encode");
      if (message.length === length) return message;
      throw new FrameEncodeError(
        `Cannot encode message: its length is ${message.length} bytes instead of ${length}`,
      );
    },
  };
}
