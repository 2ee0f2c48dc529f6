/** What the server holds: for idle connections (f), and under a peer that does not read. */

import { CONNECTION_MEMORY, MEMORY_GROWTH, TAKEN } from "../harness/figure.ts";
import type { Measurement, Point, Scenario, Values } from "../harness/scenario.ts";

const SETTLE_MS = 500; // for the server to finish what accepting has left behind

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function measureIdle(measurement: Measurement, connections: number): Promise<Values> {
  const { load, serverMemory, quick } = measurement;
  const settings = { mode: "idle", size: 64, sources: 8 } as const;
  // A hundred connections that come and go first: what the first ones cost is not what each costs.
  await load({ ...settings, connections: 100 });
  const before = await serverMemory();
  const values: Record<string, number> = {};
  await load({ ...settings, connections }, async () => {
    await pause(quick ? SETTLE_MS / 5 : SETTLE_MS);
    const after = await serverMemory();
    if (before === null || after === null) return;
    values[CONNECTION_MEMORY.key] = Math.max(0, after - before) / connections;
  });
  return values;
}

/**
 * Makes a scenario of connections that stay open and do nothing.
 *
 * @param settings How many, to what servers.
 * @returns The scenario.
 */
export function idleScenario(
  settings: Pick<Scenario, "name" | "title" | "role" | "quick" | "points">,
): Scenario {
  return {
    ...settings,
    figures: [CONNECTION_MEMORY],
    measure: async (measurement, { value }) => await measureIdle(measurement, value),
  };
}

const idle = idleScenario({
  name: "f",
  title: "memory for each connection that has echoed 64 B and is idle",
  role: "echo",
  quick: true,
  points: (quick) =>
    (quick ? [1000] : [5000, 10_000]).map((value): Point => ({
      label: `${value.toLocaleString("en")} connections`,
      value,
      connections: value,
    })),
});

const slowPeer: Scenario = {
  name: "slow-peer",
  title: "4 peers send up to 64 MiB each and read nothing, then all of it",
  role: "echo",
  quick: false,
  figures: [MEMORY_GROWTH, TAKEN],
  points: () => [{ label: "", value: 0 }],
  measure: async ({ load, serverMemory }) => {
    // Warms up: the same connections, a small flood, read at once.
    const settings = { mode: "flood", connections: 4, size: 4096, duration: 10_000 } as const;
    await load({ ...settings, total: 65_536 });
    const before = await serverMemory();
    const values: Record<string, number> = {};
    await load({ ...settings, total: 64 * 2 ** 20 }, async (bytes) => {
      const held = await serverMemory();
      values[TAKEN.key] = bytes / 2 ** 20;
      if (before !== null && held !== null) {
        values[MEMORY_GROWTH.key] = Math.max(0, held - before) / 1024;
      }
    });
    return values;
  },
};

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [idle, slowPeer];
