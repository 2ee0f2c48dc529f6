/**
 * The contract of framing: where one message ends in a stream of bytes, and what it says.
 *
 * ```text
 * bytes -> ReceiveBuffer -> decode -> message      message -> encode -> bytes
 * ```
 *
 * A codec does no I/O and waits for nothing. The same one serves callbacks
 * ({@linkcode FramedProtocol}), async iteration and Web streams; {@linkcode FrameReader} drives it
 * by hand.
 *
 * A codec may remember things between two calls (how far it searched, how much it has to skip), so
 * **one codec object belongs to one connection**: make a new one where the connection is made.
 * Those of this library throw an `InvalidStateError` where what they remember of one connection
 * would be used for another.
 *
 * @module
 */
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** The result of {@linkcode Decoder.decode} when the message is not there yet, or not whole. */
export const NEED_MORE: unique symbol = Symbol("need more");

/** The type of {@linkcode NEED_MORE}. */
export type NeedMore = typeof NEED_MORE;

/**
 * A message as bytes: in one piece or in several, which are sent in order. A string is sent as
 * UTF-8.
 */
export type EncodedMessage = Uint8Array | string | readonly (Uint8Array | string)[];

/**
 * The way in: takes messages from a buffer, one at a time.
 *
 * @typeParam In What a message is.
 */
export interface Decoder<In> {
  /**
   * Decodes one message.
   *
   * It consumes the bytes of the message and no other. If more are needed it may leave those that
   * are there, or consume and remember them.
   *
   * Bytes that were searched in vain should be remembered (see {@linkcode SeparatorSearch}): the
   * message may come a byte at a time.
   *
   * @param buffer What has arrived and is not decoded. Always the same object.
   * @returns The message, which may be anything but `undefined`, or {@linkcode NEED_MORE}.
   * @throws {FrameError} If there is no message to be had. If the error is `recoverable`, this call
   * has consumed at least a byte of the bad one, and the next call goes on after it; any other
   * exception means that the stream is beyond repair, and no further call is made.
   */
  decode(buffer: ReceiveBuffer): In | NeedMore;
  /**
   * Takes what is left when the data has ended. Called when {@linkcode decode} needs more and no
   * more will come, again after each message it gives, until it returns {@linkcode NEED_MORE}.
   *
   * A decoder without this method has no use for a rest: if bytes are left then, the caller throws
   * an {@linkcode IncompleteFrameError}. A decoder that consumes the start of a message and
   * remembers it needs this method to throw one itself.
   *
   * @param buffer What is left.
   * @returns A final message, or {@linkcode NEED_MORE} if there is none.
   * @throws {FrameError} As {@linkcode decode}.
   */
  decodeEnd?(buffer: ReceiveBuffer): In | NeedMore;
}

/** Memory for the bytes that an {@linkcode Encoder} writes, which is used again. */
export interface EncodeSegment {
  /**
   * Returns memory for a part of a message.
   *
   * @param length How many bytes it needs.
   * @returns So many bytes. They may hold anything, and are the encoder's until the message is
   * sent.
   */
  take(length: number): Uint8Array;
}

/**
 * The way out: makes bytes of messages.
 *
 * @typeParam Out What a message is.
 */
export interface Encoder<Out> {
  /**
   * Makes bytes of one message. A large payload should be a part of the result, not copied into
   * one: it is then sent from where it lies, and must stay unchanged until it is.
   *
   * @param message The message.
   * @param segment Memory that is used again for each message: a codec that has small bytes of its
   * own to write takes them from there, where it would make an array. Not given by a caller that
   * keeps what is returned.
   * @returns Its bytes, to be sent before this is called again, unless no segment was given.
   * @throws {FrameError} If the message cannot be sent in this format. Nothing was changed, so
   * others can.
   */
  encode(message: Out, segment?: EncodeSegment): EncodedMessage;
}

/**
 * Both ways of one format.
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 *
 * @example A codec in a few lines: numbers of four bytes
 * ```ts
 * import { type Codec } from "@sluice/net";
 * import { FrameReader, NEED_MORE } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * function numberCodec(): Codec<number> {
 *   return {
 *     decode: (buffer) =>
 *       buffer.length < 4 ? NEED_MORE : new DataView(buffer.take(4).slice().buffer).getUint32(0),
 *     encode: (value) => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]),
 *   };
 * }
 *
 * const reader = new FrameReader(numberCodec());
 * reader.feedData(new Uint8Array([0, 0, 1]));
 * assertEquals(reader.next(), NEED_MORE);
 * reader.feedData(new Uint8Array([2, 0]));
 * assertEquals(reader.next(), 258);
 * assertEquals(numberCodec().encode(258), new Uint8Array([0, 0, 1, 2]));
 * ```
 */
export interface Codec<In, Out = In> extends Decoder<In>, Encoder<Out> {}
