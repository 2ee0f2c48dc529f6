/** The role "zlib" without what compresses: the text, the measuring, and the line of JSON that tells of it. */

import process from "node:process";

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
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(`listening on 127.0.0.1:${listener.addr.port}`);
  for await (const conn of listener) {
    using one = conn;
    const buffer = new Uint8Array(100);
    const length = await one.read(buffer) ?? 0;
    if (length === 0) continue; // somebody who looked whether we are there
    // Only the benchmark sends anything, and it knows the names.
    const format = new TextDecoder().decode(buffer.subarray(0, length)).trim() as Format;
    const start = performance.now();
    const before = process.cpuUsage();
    const bytes = await job(chunks, format);
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - start) / 1000;
    const answer = { bytes, expected: CHUNKS * CHUNK_SIZE, seconds, cpu: (user + system) / 1e6 };
    await one.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  }
}
