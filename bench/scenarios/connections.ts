/** Connections that come and go: scenario g, and churn. */

import { CONNECTION_CPU, CONNECTIONS, MEMORY_GROWTH } from "../harness/figure.ts";
import type { LoadResult } from "../harness/load_generator.ts";
import type { Point, Scenario, Values } from "../harness/scenario.ts";

const SOURCES = 64; // local addresses: 1.8 million ports, far more than a window uses up

function connectionValues(result: LoadResult): Values {
  const { connections = 0, seconds, serverCpuSeconds } = result;
  const values: Record<string, number> = { [CONNECTIONS.key]: connections / seconds };
  if (serverCpuSeconds !== undefined && connections > 0) {
    values[CONNECTION_CPU.key] = serverCpuSeconds * 1e6 / connections;
  }
  return values;
}

/** What differs between scenarios of connections that come and go. */
export interface OnceSettings extends Pick<Scenario, "name" | "title" | "role"> {
  /** The settings; the number is how many connections are open at a time. */
  readonly points: readonly Point[];
}

/**
 * Makes a scenario of connections that have one message echoed and are closed.
 *
 * @param settings How many at a time, to what servers.
 * @returns The scenario.
 */
export function onceScenario({ points, ...rest }: OnceSettings): Scenario {
  return {
    ...rest,
    quick: false,
    figures: [CONNECTIONS, CONNECTION_CPU],
    points: () => points,
    measure: async ({ load, warmupMs, windowMs }, { value }) =>
      connectionValues(
        await load({
          mode: "once",
          connections: value,
          size: 64,
          messages: 1,
          sources: SOURCES,
          warmup: warmupMs,
          duration: windowMs,
        }),
      ),
  };
}

const once = onceScenario({
  name: "g",
  title: "connect, echo 64 B once, close; 50 at a time",
  role: "echo",
  points: [{ label: "", value: 50 }],
});

const churn: Scenario = {
  name: "churn",
  title:
    "500 at a time, each echoes 1 KiB 10 times and closes, for 3 windows; memory kept after it",
  role: "echo",
  quick: false,
  figures: [CONNECTIONS, CONNECTION_CPU, MEMORY_GROWTH],
  points: () => [{ label: "", value: 0 }],
  measure: async ({ load, serverMemory, warmupMs, windowMs }) => {
    const settings = { mode: "once", connections: 500, size: 1024, messages: 10 } as const;
    const memory: (number | null)[] = [];
    const look = async () => void memory.push(await serverMemory());
    // The first run brings the server to its working size; what the second adds is growth.
    await load({ ...settings, sources: SOURCES, warmup: warmupMs, duration: windowMs }, look);
    const result = await load(
      { ...settings, sources: SOURCES, warmup: warmupMs, duration: 3 * windowMs },
      look,
    );
    const values = connectionValues(result);
    const [before = null, after = null] = memory;
    if (before === null || after === null) return values;
    return { ...values, [MEMORY_GROWTH.key]: Math.max(0, after - before) / 1024 };
  },
};

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [once, churn];
