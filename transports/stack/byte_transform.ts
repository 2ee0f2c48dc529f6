import type { Bytes } from "../../protocols/bytes.ts";

/**
 * The output of a transform: one piece, several, or several as they come. Empty pieces are dropped.
 */
export type Transformed = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * How bytes are changed on their way through a connection. Each direction is called for one chunk
 * at a time: the next call comes when all that the last one gave was taken.
 *
 * An exception, or a rejected promise, ends the connection with it and is reported once to
 * `onError`.
 */
export interface ByteTransform {
  /**
   * Whether {@linkcode ByteTransform.decode} has its chunks lent instead of given: they are valid
   * until what it gave was taken, and of length 0 then. For a transform that keeps none of them.
   * It may give a part of a chunk: that is copied.
   *
   * @default {false}
   */
  readonly borrowsChunks?: boolean;
  /** Returns the bytes to send first, as soon as the connection is made. */
  encodeStart?(): Transformed | Promise<Transformed>;
  /**
   * Changes bytes on their way out. Its result must not be changed any more; it may be `chunk`
   * itself.
   */
  encode(chunk: Bytes): Transformed | Promise<Transformed>;
  /**
   * Returns the last bytes to send before the outgoing direction ends, or before the layer is
   * removed: then other bytes follow.
   *
   * @param why Whether the direction ends or the layer is removed.
   */
  encodeEnd?(why: "end" | "leave"): Transformed | Promise<Transformed>;
  /**
   * Changes bytes on their way in. Its result belongs to the protocol above, which may change it or
   * transfer its memory; it may be `chunk` itself.
   */
  decode(chunk: Bytes): Transformed | Promise<Transformed>;
  /**
   * Returns the remaining bytes at the end of the incoming data; throws if that ended too early.
   */
  decodeEnd?(): Transformed | Promise<Transformed>;
  /**
   * The layer is being taken out, see `removeLayer`: gives back the incoming bytes that it was
   * handed and that are not its own. Bytes are decoded until it settles, none afterwards.
   */
  leave?(): Bytes | Promise<Bytes>;
  /**
   * The connection has ended, or the layer was taken out: releases what the transform holds. Called
   * once.
   */
  close?(): void;
  /**
   * A fact that this layer adds to the connection, see `Transport.getExtraInfo`; `undefined` if not
   * known.
   */
  getExtraInfo?(name: string): unknown;
}
