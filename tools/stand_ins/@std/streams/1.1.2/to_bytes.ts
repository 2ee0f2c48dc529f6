// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** Collects all the bytes of a stream into an array. */
export async function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return await new Response(stream).bytes();
}
