/** The role "zlib" without what compresses. */

import { serveJobs } from "./job.ts";

/** The formats that are measured. */
export type Format = "gzip" | "brotli" | "zstd";

/** How hard each format tries, the same for everybody who is measured. */
export const LEVELS: Readonly<Record<Format, number>> = { gzip: 6, brotli: 5, zstd: 3 };

const CHUNK_SIZE = 65_536;
const CHUNKS = 256;

/** Text of words that are the more frequent the earlier they come in a list, as in any language. */
function makeText(): Uint8Array<ArrayBuffer>[] {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
  const words = Array.from({ length: 5000 }, () => Math.floor(random() * 1e9).toString(36));
  return Array.from({ length: CHUNKS }, () => {
    let text = "";
    while (text.length < CHUNK_SIZE) text += `${words[Math.floor(random() ** 3 * words.length)]} `;
    return new TextEncoder().encode(text.slice(0, CHUNK_SIZE));
  });
}

/**
 * Listens, and does the job for everyone who sends the name of a format.
 *
 * @param job Compresses the chunks, each flushed, and decompresses what came of it; resolves to how many
 * bytes of text came out.
 */
export async function serveJob(
  job: (chunks: readonly Uint8Array<ArrayBuffer>[], format: Format) => Promise<number>,
): Promise<void> {
  const chunks = makeText();
  const expected = CHUNKS * CHUNK_SIZE;
  // Only the benchmark sends anything, and it knows the names.
  await serveJobs((name) => async () => ({ done: await job(chunks, name as Format), expected }));
}
