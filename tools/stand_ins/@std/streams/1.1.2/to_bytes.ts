// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/**
 * Collects all the bytes of a stream into an array.
 *
 * @throws {TypeError} If the stream is locked: thrown, not rejected with.
 */
export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Response(stream).bytes();
}
