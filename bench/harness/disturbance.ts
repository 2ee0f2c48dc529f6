/** How much the machine did besides the benchmark. */

import { parseCpuSeconds } from "./process_usage.ts";

/** What else took processor time during a run. */
export interface Disturbance {
  /** Cores that other programs kept busy, on average. */
  readonly otherCores: number;
  /** Cores that the host of a virtual machine gave to someone else, on average. */
  readonly stolenCores: number;
}

/** From how many busy cores on a run is not called quiet. */
const QUIET_CORES = 0.05;

interface Totals {
  readonly wall: number;
  readonly busy: number;
  readonly stolen: number;
  readonly own: number;
}

/**
 * Takes the machine's totals out of /proc/stat.
 *
 * @param text The file's text.
 * @returns Seconds that all cores together were busy, and that the host did not give.
 */
export function parseMachineTotals(text: string): { busy: number; stolen: number } {
  const seconds = (/^cpu +(.*)$/m.exec(text)?.[1] ?? "").split(" ").map((ticks) =>
    Number(ticks) / 100
  );
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softirq = 0, stolen = 0] = seconds;
  return { busy: user + nice + system + irq + softirq, stolen };
}

async function readTotals(): Promise<Totals | null> {
  try {
    const [machine, own] = await Promise.all([
      Deno.readTextFile("/proc/stat"),
      Deno.readTextFile("/proc/self/stat"),
    ]);
    return {
      wall: performance.now() / 1000,
      own: parseCpuSeconds(own), // with all children that have ended
      ...parseMachineTotals(machine),
    };
  } catch {
    return null; // not Linux
  }
}

/** Watches the machine from one moment to another. */
export class DisturbanceWatch {
  readonly #from: Totals | null;

  private constructor(from: Totals | null) {
    this.#from = from;
  }

  /**
   * Begins to watch, while no child runs.
   *
   * @returns The watch.
   */
  static async begin(): Promise<DisturbanceWatch> {
    return new DisturbanceWatch(await readTotals());
  }

  /**
   * Tells what happened since, when no child runs any more.
   *
   * @returns What else was going on, or `null` where the system does not tell.
   */
  async end(): Promise<Disturbance | null> {
    const from = this.#from;
    const to = await readTotals();
    if (from === null || to === null) return null;
    const wall = to.wall - from.wall;
    return {
      otherCores: Math.max(0, (to.busy - from.busy - (to.own - from.own)) / wall),
      stolenCores: Math.max(0, (to.stolen - from.stolen) / wall),
    };
  }
}

/**
 * Puts it into one clause.
 *
 * @param disturbance What else was going on, `null` if unknown.
 * @returns For example "the machine was quiet" or "NOISY: other programs used 0.42 cores".
 */
export function disturbanceText(disturbance: Disturbance | null): string {
  if (disturbance === null) return "whether the machine was quiet is unknown";
  const { otherCores, stolenCores } = disturbance;
  if (otherCores < QUIET_CORES && stolenCores < QUIET_CORES) return "the machine was quiet";
  const stolen = stolenCores < QUIET_CORES ? "" : `, its host took ${stolenCores.toFixed(2)}`;
  return `NOISY: other programs used ${otherCores.toFixed(2)} cores${stolen}`;
}
