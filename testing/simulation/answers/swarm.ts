import { CHAOS_KINDS } from "../faults/chaos.ts";
import { RandomSource } from "../engine/random_source.ts";
import type { SimulationOptions } from "../simulation_options.ts";

/** The values that are drawn from, by option. The default is drawn as often as all of them. */
const VALUES = {
  latency: [0.01, 1, [1, 50], [10, 500]],
  segmentSize: [[1, 16], [1, 100], 1460],
  window: [256, 1024, 8192],
  bandwidth: [20_000, 1_000_000],
  loss: [0.01, 0.1],
  duplication: [0.02, 0.2],
  reordering: [0.1, 0.5],
  lookupLatency: [0.01, [1, 500]],
} as const;

type SwarmOption = keyof typeof VALUES;

const OPTIONS = Object.keys(VALUES) as SwarmOption[];

/** The simplest value of an option, if that is not the default. */
export const SIMPLEST: SimulationOptions = { latency: 1, segmentSize: 1460 };

/**
 * Draws settings for one seed: each option that the program did not give has its default or another
 * value, and chaos, if the program has it, some of its kinds. A run in which some kinds of trouble
 * are missing gets further into others than a run with a little of everything.
 */
export function drawSettings(seed: number, options: SimulationOptions): SimulationOptions {
  const random = new RandomSource(seed).fork("swarm");
  const drawn: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const values: readonly unknown[] = VALUES[option];
    const isDrawn = random.chance(0.5);
    const value = values[random.below(values.length)];
    if (isDrawn && options[option] === undefined) drawn[option] = value;
  }
  if (options.chaos) drawn.chaos = drawChaos(random, options.chaos);
  return drawn;
}

function drawChaos(
  random: RandomSource,
  given: true | Exclude<SimulationOptions["chaos"], boolean | undefined>,
): SimulationOptions["chaos"] {
  const chaos = given === true ? {} : given;
  const all = chaos.kinds ?? CHAOS_KINDS.filter((kind) => kind !== "crash");
  const some = all.filter(() => random.chance(0.5));
  const { interval = 5000 } = chaos;
  const factor = [0.3, 1, 3][random.below(3)] ?? 1;
  return { ...chaos, kinds: some.length > 0 ? some : all, interval: interval * factor };
}
