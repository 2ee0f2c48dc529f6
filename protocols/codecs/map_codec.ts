import {
  type Codec,
  type EncodedMessage,
  type EncodeSegment,
  NEED_MORE,
  type NeedMore,
} from "../framing/codec.ts";
import { FrameDecodeError, FrameEncodeError, FrameError } from "../errors.ts";
import { messageOf } from "../thrown.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";

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
  return new MapCodec(codec, map);
}

class MapCodec<In, Out, MappedIn, MappedOut> implements Codec<MappedIn, MappedOut> {
  readonly #codec: Codec<In, Out>;
  readonly #map: CodecMap<In, Out, MappedIn, MappedOut>;

  constructor(codec: Codec<In, Out>, map: CodecMap<In, Out, MappedIn, MappedOut>) {
    this.#codec = codec;
    this.#map = map;
  }

  decode(buffer: ReceiveBuffer): MappedIn | NeedMore {
    const message = this.#codec.decode(buffer);
    return message === NEED_MORE ? NEED_MORE : this.#mapped(message);
  }

  decodeEnd(buffer: ReceiveBuffer): MappedIn | NeedMore {
    if (this.#codec.decodeEnd === undefined) return NEED_MORE;
    const message = this.#codec.decodeEnd(buffer);
    return message === NEED_MORE ? NEED_MORE : this.#mapped(message);
  }

  encode(message: MappedOut, segment?: EncodeSegment): EncodedMessage {
    let mapped: Out;
    try {
      mapped = this.#map.encode(message);
    } catch (error) {
      if (error instanceof FrameError) throw error;
      throw new FrameEncodeError(`Cannot encode message: ${messageOf(error)}`, { cause: error });
    }
    return this.#codec.encode(mapped, segment);
  }

  #mapped(message: In): MappedIn {
    try {
      return this.#map.decode(message);
    } catch (error) {
      if (error instanceof FrameError) throw error;
      throw new FrameDecodeError(`Cannot decode message: ${messageOf(error)}`, {
        recoverable: true,
        cause: error,
      });
    }
  }
}
