/**
 * Compares the decoding of messages with the streams of @std/streams on the same bytes, in one
 * process and in turns: lines with TextLineStream, messages of bytes with DelimiterStream
 * (delimited there, with their length in front here). Prints the least CPU time per message of all
 * rounds, which is what is left when nothing else disturbs, and its ratio to @std's.
 *
 *     deno run -A bench/codecs/main.ts [rounds]
 *
 * Where JSR does not answer, @std is the stand-in that tools/provide_std.ts puts in its place; the
 * first line says so.
 *
 * @module
 */
import {
  type Decoder,
  decoderStream,
  delimiterCodec,
  FrameReader,
  lengthFieldCodec,
  lineCodec,
  NEED_MORE,
} from "@sluice/net";
import { DelimiterStream, TextLineStream } from "@std/streams";
import process from "node:process";

/** How many bytes each run decodes, and in chunks of how many. */
const TOTAL = 8 * 2 ** 20;
const CHUNK_SIZE = 65_536;

type Chunks = readonly Uint8Array<ArrayBuffer>[];

/** A way to decode: resolves to how many messages there were. */
interface Way {
  readonly name: string;
  /** The bytes: one kind of frames for some of the ways, another for others. */
  readonly chunks: Chunks;
  run(chunks: Chunks): Promise<number>;
}

/** The same message over and over, with what stands before and behind it, in chunks. */
function repeat(before: number[], message: string, behind: number[]): Chunks {
  const frame = [...before, ...new TextEncoder().encode(message), ...behind];
  const frames = Math.floor(TOTAL / frame.length);
  const bytes = new Uint8Array(frames * frame.length);
  for (let i = 0; i < frames; i++) bytes.set(frame, i * frame.length);
  const count = Math.ceil(bytes.length / CHUNK_SIZE);
  return Array.from({ length: count }, (_, i) => {
    return bytes.slice(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE);
  });
}

async function countOf(stream: ReadableStream<unknown>): Promise<number> {
  const reader = stream.getReader();
  let count = 0;
  while (!(await reader.read()).done) count++;
  return count;
}

function decode(decoder: Decoder<unknown>): (chunks: Chunks) => Promise<number> {
  return (chunks) => {
    const reader = new FrameReader(decoder);
    let count = 0;
    for (const chunk of chunks) {
      reader.feedData(chunk);
      while (reader.next() !== NEED_MORE) count++;
    }
    return Promise.resolve(count);
  };
}

/** The ways to decode messages of one size; the first is the one that ratios are taken to. */
function waysFor(size: number): Record<string, Way[]> {
  const message = "x".repeat(size);
  const lines = repeat([], message, [10]);
  const prefixed = repeat([0, 0, size >> 8, size & 255], message, []);
  const newline = new Uint8Array([10]);
  return {
    [`lines of ${size} B`]: [
      {
        name: "@std TextLineStream",
        chunks: lines,
        run: (chunks) =>
          countOf(
            ReadableStream.from(chunks)
              .pipeThrough(new TextDecoderStream())
              .pipeThrough(new TextLineStream()),
          ),
      },
      { name: "lineCodec", chunks: lines, run: (chunks) => decode(lineCodec())(chunks) },
      {
        name: "decoderStream(lineCodec)",
        chunks: lines,
        run: (chunks) =>
          countOf(ReadableStream.from(chunks).pipeThrough(decoderStream(lineCodec()))),
      },
    ],
    [`frames of ${size} B`]: [
      {
        name: "@std DelimiterStream",
        chunks: lines,
        run: (chunks) =>
          countOf(ReadableStream.from(chunks).pipeThrough(new DelimiterStream(newline))),
      },
      {
        name: "lengthFieldCodec",
        chunks: prefixed,
        run: (chunks) => decode(lengthFieldCodec())(chunks),
      },
      {
        name: "delimiterCodec",
        chunks: lines,
        run: (chunks) => decode(delimiterCodec(newline))(chunks),
      },
      {
        name: "decoderStream(lengthFieldCodec)",
        chunks: prefixed,
        run: (chunks) =>
          countOf(ReadableStream.from(chunks).pipeThrough(decoderStream(lengthFieldCodec()))),
      },
    ],
  };
}

/** CPU time per message, in nanoseconds. */
async function measure({ chunks, run }: Way): Promise<number> {
  // Some ways take the chunks away.
  const copies = chunks.map((chunk) => chunk.slice());
  const before = process.cpuUsage();
  const count = await run(copies);
  const { user, system } = process.cpuUsage(before);
  if (count === 0) throw new Error("Nothing was decoded");
  return (user + system) * 1000 / count;
}

async function sourceOfStd(): Promise<string> {
  const source = new URL("../../vendor/std_source", import.meta.url);
  const text = await Deno.readTextFile(source).catch(() => "");
  return text.startsWith("stand-ins") ? "the stand-in of @std/streams" : "@std/streams of JSR";
}

const rounds = Number(Deno.args[0] ?? 5);
console.log(`${await sourceOfStd()}, Deno ${Deno.version.deno}, least of ${rounds} rounds`);
for (const size of [16, 64, 512]) {
  for (const [title, ways] of Object.entries(waysFor(size))) {
    const figures = ways.map((): number[] => []);
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const [i, way] of ways.entries()) {
        const figure = await measure(way);
        if (round > 0) figures[i]?.push(figure);
      }
    }
    console.log(`\n${title}`);
    const base = Math.min(...figures[0] ?? []);
    for (const [i, way] of ways.entries()) {
      const least = Math.min(...figures[i] ?? []);
      const times = `${(base / least).toFixed(2)}x as fast`;
      console.log(`  ${way.name.padEnd(32)} ${least.toFixed(0).padStart(6)} ns/message  ${times}`);
    }
  }
}
