import type { EncodedMessage, Encoder } from "../protocols/codec.ts";
import type { Bytes } from "../protocols/contract.ts";

/**
 * A message of up to this many bytes becomes one chunk, whatever its parts: each chunk costs more
 * than the copy.
 */
const JOIN_LIMIT = 4096;

const encoder = new TextEncoder();

/**
 * A Web transform stream from messages to bytes. Large parts of a message are chunks of their own,
 * not copied.
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
 * @returns The stream. It fails with a {@linkcode FrameError} if a message cannot be encoded.
 */
export function encoderStream<Out>(codec: Encoder<Out>): TransformStream<Out, Bytes> {
  return new TransformStream<Out, Bytes>({
    transform(message, controller): void {
      for (const chunk of toChunks(codec.encode(message))) controller.enqueue(chunk);
    },
  });
}

function toChunks(encoded: EncodedMessage): Bytes[] {
  const isOne = typeof encoded === "string" || encoded instanceof Uint8Array;
  const parts = (isOne ? [encoded] : encoded).map(toBytes).filter((part) => part.length > 0);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return parts.length < 2 || length > JOIN_LIMIT ? parts : [join(parts, length)];
}

function toBytes(part: Uint8Array | string): Bytes {
  if (typeof part === "string") return encoder.encode(part);
  // Only memory that is shared between workers has to be copied: Web streams do not take it.
  return part.buffer instanceof ArrayBuffer ? part as Bytes : new Uint8Array(part);
}

function join(parts: readonly Bytes[], length: number): Bytes {
  const whole = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
