// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.
import { toText } from "./to_text.ts";

/** Collects a stream of strings or of UTF-8 bytes and parses the whole as JSON. */
export function toJson(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<unknown> {
  return toText(stream).then((text) => JSON.parse(text));
}
