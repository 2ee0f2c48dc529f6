/** Decoding messages in one process, with the codecs and with the streams of @std/streams. */

import { DECODING_CPU, MESSAGES } from "../harness/figure.ts";
import { runJob } from "../harness/job.ts";
import type { Scenario, Values } from "../harness/scenario.ts";

const KINDS = ["lines", "length", "delimiter"];
const SIZES = [16, 64, 512];

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "codecs",
  title: "262,144 messages decoded in one process, 64 KiB at a time",
  role: "codecs",
  base: "std-streams",
  quick: false,
  figures: [MESSAGES, DECODING_CPU],
  points: (quick) =>
    KINDS.flatMap((kind) =>
      (quick ? [64] : SIZES).map((value) => ({ label: `${kind}, ${value} B`, value }))
    ),
  measure: async ({ port }, { label }): Promise<Values> => {
    const { done, seconds, cpu } = await runJob(port, label);
    return { [MESSAGES.key]: done / seconds, [DECODING_CPU.key]: cpu * 1e9 / done };
  },
}];
