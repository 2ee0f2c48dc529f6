/** Tail latency at fixed rates: messages are due by the clock, whatever became of earlier ones. */

import { LATENCIES, MESSAGE_CPU } from "../harness/figure.ts";
import type { Scenario } from "../harness/scenario.ts";
import { messageValues } from "./echo.ts";

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [{
  name: "latency",
  title: "64 B, 50 connections, at a fixed rate; latency from the moment a message was due",
  role: "echo",
  quick: true,
  figures: [...LATENCIES, MESSAGE_CPU],
  points: (quick) =>
    (quick ? [20_000] : [20_000, 60_000]).map((value) => ({
      label: `${value.toLocaleString("en")} messages/s`,
      value,
    })),
  measure: async ({ load, warmupMs, windowMs, note }, { value }) => {
    const result = await load({
      mode: "rate",
      connections: 50,
      size: 64,
      rate: value,
      warmup: warmupMs,
      duration: 2 * windowMs, // p99.9 wants some tens of thousands of messages
    });
    const { p50 = NaN, p90 = NaN, p99 = NaN, p999 = NaN, max = NaN, unanswered = 0 } = result;
    const answered = Math.round((result.messages ?? 0) / result.seconds);
    if (answered < 0.97 * value) note(`kept up with ${answered} a second only`);
    if (unanswered > 0) note(`${unanswered} unanswered at the end`);
    const values = { p50Us: p50, p90Us: p90, p99Us: p99, p999Us: p999, maxUs: max };
    const cpu = messageValues(result)[MESSAGE_CPU.key];
    return cpu === undefined ? values : { ...values, [MESSAGE_CPU.key]: cpu };
  },
}];
