/** One large transfer: 1 GiB there and back over one connection, both directions at full speed. */

import { MEBIBYTE_CPU, MEBIBYTES } from "../harness/figure.ts";
import type { Scenario } from "../harness/scenario.ts";

const LIMIT_MS = 60_000;

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "transfer",
  title: "1 GiB there and back over one connection, as fast as both directions go",
  role: "echo",
  quick: false,
  figures: [MEBIBYTES, MEBIBYTE_CPU],
  points: () => [{ label: "", value: 0 }],
  measure: async ({ load, warmupMs }) => {
    const total = 2 ** 30;
    const { bytes = 0, seconds, serverCpuSeconds } = await load({
      mode: "stream",
      connections: 1,
      size: 65_536,
      total,
      warmup: warmupMs,
      duration: LIMIT_MS,
    });
    const mebibytes = bytes / 2 ** 20;
    const values: Record<string, number> = { [MEBIBYTES.key]: mebibytes / seconds };
    if (serverCpuSeconds !== undefined) {
      values[MEBIBYTE_CPU.key] = serverCpuSeconds * 1e6 / mebibytes;
    }
    return values;
  },
}];
