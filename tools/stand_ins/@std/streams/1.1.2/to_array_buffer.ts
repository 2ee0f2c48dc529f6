// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** Collects all the bytes of a stream into a buffer. */
export async function toArrayBuffer(
  readableStream: ReadableStream<Uint8Array>,
): Promise<ArrayBuffer> {
  return await new Response(readableStream).arrayBuffer();
}
