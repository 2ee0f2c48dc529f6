/** The role "codecs" with what @std/streams has: lines of text, and bytes between delimiters. */

import { DelimiterStream, TextLineStream } from "@std/streams";
import { type Chunks, countOf, serveDecoders } from "./codecs_job.ts";

const LINE_FEED = new Uint8Array([10]);

/** What is behind the last delimiter counts as one more there, though it is nothing. */
async function delimited(chunks: Chunks): Promise<number> {
  const stream = ReadableStream.from(chunks).pipeThrough(new DelimiterStream(LINE_FEED));
  return await countOf(stream) - 1;
}

await serveDecoders({
  lines: (chunks) =>
    countOf(
      ReadableStream.from(chunks)
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream()),
    ),
  length: delimited,
  delimiter: delimited,
}, false);
