/** Compressing and decompressing text, through a layer and with node:zlib directly. */

import { MEBIBYTE_CPU, MEBIBYTES } from "../harness/figure.ts";
import type { Scenario, Values } from "../harness/scenario.ts";

const FORMATS = ["gzip", "brotli", "zstd"];

/** What a server of the role "zlib" answers. */
interface Answer {
  readonly bytes: number;
  readonly expected: number;
  readonly seconds: number;
  readonly cpu: number;
}

async function ask(port: number, format: string): Promise<Answer> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(`${format}\n`));
  const answer: Answer = JSON.parse(await new Response(conn.readable).text());
  if (answer.bytes === answer.expected) return answer;
  throw new Error(`${answer.bytes} bytes came out of ${answer.expected}`);
}

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "compression",
  title: "16 MiB of text compressed and decompressed in one process, flushed every 64 KiB",
  role: "zlib",
  quick: false,
  figures: [MEBIBYTES, MEBIBYTE_CPU],
  points: () => FORMATS.map((label, value) => ({ label, value })),
  measure: async ({ port }, { label }): Promise<Values> => {
    // The first time warms up.
    await ask(port, label);
    const { bytes, seconds, cpu } = await ask(port, label);
    const mebibytes = bytes / 2 ** 20;
    return { [MEBIBYTES.key]: mebibytes / seconds, [MEBIBYTE_CPU.key]: cpu * 1e6 / mebibytes };
  },
}];
