import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { FrameTooLongError } from "../errors.ts";
import { type Check, check } from "../option_checks.ts";
import { utf8Length } from "../framing/utf8.ts";

const checkMaxLength: Check = check.wholeNumberOrInfinity(1);

/**
 * A codec that refuses messages with more than so many bytes on the wire, headers and all: the
 * limit for a codec of yours that has none, or for one whose parts are limited but not their sum.
 *
 * Only the codec inside knows where a message that is too long would end, so receiving one breaks
 * the stream. After a message that is too long for the codec itself, and passed over, the buffered
 * bytes of the next one are limited, but not the bytes that the codec has taken.
 *
 * @example A limit for a codec without one
 * ```ts
 * import { FrameTooLongError, lineCodec } from "@sluice/net";
 * import { withMaxLength } from "@sluice/net/codecs";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertThrows } from "@std/assert";
 *
 * const reader = new FrameReader(withMaxLength(lineCodec({ maxLength: Infinity }), 4));
 * reader.feedData(new TextEncoder().encode("much too long"));
 * assertThrows(() => reader.next(), FrameTooLongError);
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent.
 * @param codec The codec; it belongs to the new one.
 * @param maxLength The most bytes of one message.
 * @returns The codec, for one connection alone.
 * @throws {RangeError} If `maxLength` is not a whole number of at least 1, or `Infinity`.
 */
export function withMaxLength<In, Out>(
  codec: Codec<In, Out>,
  maxLength: number,
): Codec<In, Out> {
  checkMaxLength(maxLength, { action: "use withMaxLength", name: "maxLength" });
  // Where the message that is being read began; a codec may consume it in steps.
  let start = 0;
  let state: "between" | "inside" | "recovering" = "between";
  return {
    decode(buffer): In | NeedMore {
      if (state === "between") [state, start] = ["inside", buffer.position];
      let message: In | NeedMore;
      try {
        message = codec.decode(buffer);
      } catch (error) {
        const isTooLong = error instanceof FrameTooLongError;
        const taken = state === "inside" && !isTooLong ? buffer.position - start : 0;
        // The bytes that the codec takes after a message that is too long for it are its rest,
        // which does not count.
        state = isTooLong ? "recovering" : "between";
        // A bad message is no longer than a good one.
        throw taken > maxLength ? new FrameTooLongError(taken, maxLength) : error;
      }
      const held = message === NEED_MORE ? buffer.length : 0;
      const taken = state === "recovering" ? 0 : buffer.position - start;
      if (message !== NEED_MORE) state = "between";
      if (taken + held <= maxLength) return message;
      throw new FrameTooLongError(taken + held, maxLength);
    },
    decodeEnd: (buffer) => codec.decodeEnd === undefined ? NEED_MORE : codec.decodeEnd(buffer),
    encode(message, segment): EncodedMessage {
      const encoded = codec.encode(message, segment);
      const length = encodedLength(encoded);
      if (length <= maxLength) return encoded;
      throw new FrameTooLongError(length, maxLength, true);
    },
  };
}

function encodedLength(encoded: EncodedMessage): number {
  if (typeof encoded === "string") return utf8Length(encoded);
  if (encoded instanceof Uint8Array) return encoded.length;
  return encoded.reduce((sum, part) => sum + encodedLength(part), 0);
}
