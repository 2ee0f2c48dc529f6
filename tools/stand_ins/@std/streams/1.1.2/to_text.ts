// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.
import { readAll } from "./_read_all.ts";

/** Collects all the text of a stream, of strings or of UTF-8 bytes. The stream stays locked. */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  await readAll<string | Uint8Array>(stream, (chunk) => {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  });
  return text + decoder.decode();
}
