import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { FrameDecodeError, FrameEncodeError, FrameError } from "../errors.ts";
import { messageOf } from "../thrown.ts";

/**
 * How messages of one kind become messages of another.
 *
 * @typeParam In What the codec receives.
 * @typeParam Out What the codec sends.
 * @typeParam MappedIn What is received in its place.
 * @typeParam MappedOut What is sent in its place.
 */
export interface CodecMap<In, Out, MappedIn, MappedOut = MappedIn> {
  /**
   * Makes the received message. An exception becomes the cause of a recoverable
   * {@linkcode FrameDecodeError}.
   */
  decode(message: In): MappedIn;
  /**
   * Makes the message to encode. An exception becomes the cause of a {@linkcode FrameEncodeError}.
   */
  encode(message: MappedOut): Out;
}

/**
 * A codec with other messages: the same frames, read and written by functions of yours.
 *
 * @example Commands in lines
 * ```ts
 * import { lineCodec, mapCodec } from "@sluice/net";
 * import { FrameReader } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = mapCodec(lineCodec(), {
 *   decode: (line) => ({ verb: line.slice(0, 4).toUpperCase(), argument: line.slice(5) }),
 *   encode: (code: number) => `${code} OK`,
 * });
 * assertEquals(codec.encode(250), "250 OK\n");
 *
 * const reader = new FrameReader(codec);
 * reader.feedData(new TextEncoder().encode("helo example.org\n"));
 * assertEquals(reader.next(), { verb: "HELO", argument: "example.org" });
 * ```
 *
 * @typeParam In What the codec receives.
 * @typeParam Out What the codec sends.
 * @typeParam MappedIn What is received in its place.
 * @typeParam MappedOut What is sent in its place.
 * @param codec The frames; it belongs to the new codec.
 * @param map From one message to the other, in both directions.
 * @returns The codec, for one connection alone.
 */
export function mapCodec<In, Out, MappedIn, MappedOut = MappedIn>(
  codec: Codec<In, Out>,
  map: CodecMap<In, Out, MappedIn, MappedOut>,
): Codec<MappedIn, MappedOut> {
  const mapped = (message: In | NeedMore): MappedIn | NeedMore => {
    if (message === NEED_MORE) return NEED_MORE;
    try {
      return map.decode(message);
    } catch (cause) {
      if (cause instanceof FrameError) throw cause;
      const what = `Cannot decode message: ${messageOf(cause)}`;
      throw new FrameDecodeError(what, { recoverable: true, cause });
    }
  };
  return {
    decode: (buffer) => mapped(codec.decode(buffer)),
    decodeEnd: (buffer) =>
      codec.decodeEnd === undefined ? NEED_MORE : mapped(codec.decodeEnd(buffer)),
    encode(message, segment): EncodedMessage {
      let encodable: Out;
      try {
        encodable = map.encode(message);
      } catch (cause) {
        if (cause instanceof FrameError) throw cause;
        throw new FrameEncodeError(`Cannot encode message: ${messageOf(cause)}`, { cause });
      }
      return codec.encode(encodable, segment);
    },
  };
}
