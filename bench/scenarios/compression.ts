/** Compressing and decompressing text, through a layer and with node:zlib directly. */

import { MEBIBYTE_CPU, MEBIBYTES } from "../harness/figure.ts";
import { runJob } from "../harness/job.ts";
import type { Scenario, Values } from "../harness/scenario.ts";

const FORMATS = ["gzip", "brotli", "zstd"];

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "compression",
  title: "16 MiB of text compressed and decompressed in one process, flushed every 64 KiB",
  role: "zlib",
  quick: false,
  figures: [MEBIBYTES, MEBIBYTE_CPU],
  points: () => FORMATS.map((label, value) => ({ label, value })),
  measure: async ({ port }, { label }): Promise<Values> => {
    const { done, seconds, cpu } = await runJob(port, label);
    const mebibytes = done / 2 ** 20;
    return { [MEBIBYTES.key]: mebibytes / seconds, [MEBIBYTE_CPU.key]: cpu * 1e6 / mebibytes };
  },
}];
