/** The role "codecs" without what decodes. */

import { serveJobs } from "./job.ts";

/** How many messages there are; each job decodes all of them so many times over. */
const MESSAGES = 4096;
const TIMES = 64;
/** In pieces of so many bytes they arrive. */
const CHUNK_SIZE = 65_536;

/** How messages are told apart: lines of text; bytes with their length before them, or a delimiter behind. */
export type Kind = "lines" | "length" | "delimiter";

/** Some bytes, in the pieces in which they arrive. */
export type Chunks = readonly Uint8Array<ArrayBuffer>[];

/** Decodes all messages in some chunks; resolves to how many there were. */
export type Decode = (chunks: Chunks) => Promise<number>;

/** The same message over and over, in chunks. */
function makeChunks(frame: Uint8Array): Chunks {
  const bytes = new Uint8Array(MESSAGES * frame.length);
  for (let i = 0; i < MESSAGES; i++) bytes.set(frame, i * frame.length);
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / CHUNK_SIZE) },
    (_, i) => bytes.slice(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE),
  );
  // Nobody changes them: the same ones will do.
  return Array.from({ length: TIMES }, () => chunks).flat();
}

function frameOf(message: Uint8Array, isPrefixed: boolean): Uint8Array {
  if (!isPrefixed) return new Uint8Array([...message, 10]);
  return new Uint8Array([0, 0, message.length >> 8, message.length & 255, ...message]);
}

/**
 * Listens, and decodes messages for everyone who sends their kind and their size.
 *
 * @param decoders What decodes each kind.
 * @param hasLengths Whether the kind "length" has its length before each message. Where no decoder knows such
 * messages, a line feed behind each takes its place.
 */
export async function serveDecoders(
  decoders: Readonly<Record<Kind, Decode>>,
  hasLengths: boolean,
): Promise<void> {
  await serveJobs((name) => {
    const [kind = "", size = ""] = name.split(", ");
    // Only the benchmark sends anything, and it knows the names.
    const known = kind as Kind;
    const message = new Uint8Array(parseInt(size)).fill(120);
    const chunks = makeChunks(frameOf(message, hasLengths && known === "length"));
    return async () => ({ done: await decoders[known](chunks), expected: MESSAGES * TIMES });
  });
}

/**
 * Counts what comes out of a stream.
 *
 * @param stream The stream.
 * @returns How many values there were.
 */
export async function countOf(stream: ReadableStream<unknown>): Promise<number> {
  const reader = stream.getReader();
  let count = 0;
  while (!(await reader.read()).done) count++;
  return count;
}
