/** Redis's own benchmark, against the example in examples/redis and the real Redis. */

import { REQUEST_CPU, REQUESTS } from "../harness/figure.ts";
import type { Measurement, Scenario, Values } from "../harness/scenario.ts";

const TESTS = ["ping_mbulk", "set", "get"];

/** How many requests take about a second, by how many are sent at once. */
const REQUESTS_A_SECOND: Readonly<Record<number, number>> = { 16: 200_000, 1: 30_000 };

/** Requests a second. */
async function benchmark(
  { port, run }: Measurement,
  test: string,
  depth: number,
  requests: number,
): Promise<number> {
  const settings = ["-p", String(port), "-c", "50", "-P", String(depth)];
  const command = ["redis-benchmark", ...settings, "-t", test, "-n", String(requests), "--csv"];
  const output = await run(command);
  // The head names the columns; the first is the name of the test, the second is the rate.
  const rate = Number(/^"[^"]+","([\d.]+)"/.exec(output.split("\n")[1] ?? "")?.[1]);
  if (rate > 0) return rate;
  throw new Error(`Cannot read what redis-benchmark printed: ${output.slice(0, 100)}`);
}

function requestsIn(depth: number, ms: number): number {
  return Math.ceil((REQUESTS_A_SECOND[depth] ?? 0) * ms / 1000);
}

async function measure(measurement: Measurement, test: string, depth: number): Promise<Values> {
  const { serverCpu, warmupMs, windowMs } = measurement;
  // Warms up in bulk first: one by one, a second is too short for the compiler.
  for (const each of new Set([16, depth])) {
    await benchmark(measurement, test, each, requestsIn(each, warmupMs));
  }
  const before = await serverCpu();
  const requests = requestsIn(depth, windowMs);
  const values = { [REQUESTS.key]: await benchmark(measurement, test, depth, requests) };
  const after = await serverCpu();
  if (before === null || after === null) return values;
  return { ...values, [REQUEST_CPU.key]: (after - before) * 1e6 / requests };
}

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "redis",
  title: "redis-benchmark, 50 connections, values of 3 B",
  role: "redis",
  base: "redis-server",
  quick: false,
  figures: [REQUESTS, REQUEST_CPU],
  points: (quick) =>
    [16, 1].flatMap((value) =>
      (quick ? ["set"] : TESTS).map((test) => ({ label: `${test}, ${value} outstanding`, value }))
    ),
  measure: async (measurement, { label, value }) =>
    await measure(measurement, label.split(",")[0] ?? "", value),
}];
