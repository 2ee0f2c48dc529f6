import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import type { EncodedMessage, Encoder } from "../../protocols/framing/codec.ts";
import { piecesOf } from "../../protocols/framing/encoded_message.ts";
import { toPieces } from "../../transports/core/write/to_bytes.ts";

/**
 * A message of up to this many bytes becomes one chunk, with any number of parts: each chunk costs
 * more than the copy.
 */
const JOIN_LIMIT = 4096;

/**
 * A Web transform stream from messages to bytes. The chunks are copies: the reader may
 * transfer their memory, and the messages may change once they are written.
 *
 * @example Messages with their length in front
 * ```ts
 * import { encoderStream, lengthFieldCodec } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const messages = ReadableStream.from([new Uint8Array([7]), new Uint8Array([8, 9])]);
 * const chunks = messages.pipeThrough(encoderStream(lengthFieldCodec({ lengthBytes: 1 })));
 * assertEquals(await Array.fromAsync(chunks), [
 *   new Uint8Array([1, 7]),
 *   new Uint8Array([2, 8, 9]),
 * ]);
 * ```
 *
 * @typeParam Out What a message is.
 * @param codec A codec, or the encoding half of one.
 * @returns The stream. It fails with a {@linkcode FrameError} if a message cannot be encoded, and
 * with a `TypeError` if the codec gives neither bytes nor strings.
 */
export function encoderStream<Out>(codec: Encoder<Out>): TransformStream<Out, Bytes> {
  return new TransformStream<Out, Bytes>({
    transform(message, controller): void {
      for (const chunk of toChunks(codec.encode(message))) controller.enqueue(chunk);
    },
  });
}

function toChunks(encoded: EncodedMessage): Bytes[] {
  const parts = toPieces(piecesOf(encoded)).map((part) => copyOf(part));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length === 0) return [];
  return length > JOIN_LIMIT ? parts : [joinBytes(parts)];
}
