// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.
import { readAll } from "./_read_all.ts";

/** Collects all the bytes of a stream into a buffer. The stream stays locked. */
export async function toArrayBuffer(
  readableStream: ReadableStream<Uint8Array>,
): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  await readAll(readableStream, (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes.buffer;
}
