/**
 * Decoding 4,096 messages in one process, 64 KiB at a time, beside `@std/streams`:
 * `deno task bench:codecs`.
 */

import { DelimiterStream, TextLineStream } from "@std/streams";
import { decoderStream, lengthFieldCodec, lineCodec } from "../mod.ts";
import { delimiterCodec } from "@sluice/net/codecs";
import { type Decoder, FrameReader, NEED_MORE } from "@sluice/net/protocols";

const MESSAGES = 4096;
const CHUNK_SIZE = 65_536;
const TIMES = { n: 100, warmup: 20 };
const LINE_FEED = new Uint8Array([10]);

type Chunks = readonly Uint8Array<ArrayBuffer>[];

function chunksOf(frame: readonly number[]): Chunks {
  const bytes = new Uint8Array(Array.from({ length: MESSAGES }, () => frame).flat());
  const length = Math.ceil(bytes.length / CHUNK_SIZE);
  return Array.from({ length }, (_, i) => bytes.slice(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE));
}

function check(count: number): void {
  if (count !== MESSAGES) throw new Error(`Cannot compare: ${count} messages came of ${MESSAGES}`);
}

/** As a protocol drives a codec. */
function decode(chunks: Chunks, decoder: Decoder<unknown>): void {
  const reader = new FrameReader(decoder);
  let count = 0;
  for (const chunk of chunks) {
    reader.feedData(chunk);
    while (reader.next() !== NEED_MORE) count++;
  }
  check(count);
}

async function drain(stream: ReadableStream<unknown>, last = 0): Promise<void> {
  let count = 0;
  for await (const _message of stream) count++;
  check(count - last);
}

for (const size of [16, 64, 512]) {
  const message = new Array<number>(size).fill(120);
  const lines = chunksOf([...message, 10]);
  const prefixed = chunksOf([0, 0, size >> 8, size & 255, ...message]);
  const from = (chunks: Chunks) => ReadableStream.from(chunks);
  const group = `${size} B`;
  const options = { group, ...TIMES };
  Deno.bench({ name: "TextLineStream of @std/streams", ...options, baseline: true }, async () => {
    const text = from(lines).pipeThrough(new TextDecoderStream());
    await drain(text.pipeThrough(new TextLineStream()));
  });
  Deno.bench({ name: "DelimiterStream of @std/streams", ...options }, async () => {
    // There, the text after the last delimiter counts as one more, though it is empty.
    await drain(from(lines).pipeThrough(new DelimiterStream(LINE_FEED)), 1);
  });
  const codecs: [name: string, make: () => Decoder<unknown>, chunks: Chunks][] = [
    ["lineCodec", () => lineCodec(), lines],
    ["delimiterCodec", () => delimiterCodec(LINE_FEED), lines],
    ["lengthFieldCodec", () => lengthFieldCodec(), prefixed],
  ];
  for (const [name, make, chunks] of codecs) {
    Deno.bench({ name, ...options }, () => decode(chunks, make()));
    Deno.bench({ name: `${name} in a decoderStream`, ...options }, async () => {
      await drain(from(chunks).pipeThrough(decoderStream(make())));
    });
  }
}
