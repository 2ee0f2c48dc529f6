import { InvalidStateError } from "../../protocols/errors.ts";
import { SimulatedWorld } from "./_simulated_world.ts";
import { currentContext } from "./globals/context.ts";
import { installGlobals } from "./globals/install.ts";
import { type SimulationOptions, toSettings } from "./simulation_options.ts";
import type { SimulationRun } from "./simulation_run.ts";
import type { Trace } from "./trace.ts";
import type { World } from "./world.ts";

/** The function of a simulation. */
export type WorldMain<T> = (world: World) => T | Promise<T>;

/** Options for a run, beside those of the program. */
export interface RunDetails {
  /** The command that repeats it, asked for if it fails. */
  readonly replay: () => string | null;
  /** Options that the program did not give. */
  readonly options?: SimulationOptions | undefined;
  /** Is given the trace before anything happens. */
  readonly watch?: (trace: Trace) => void;
}

/** Runs one world, from its beginning to its end. */
export async function runWorld<T>(
  main: WorldMain<T>,
  options: SimulationOptions,
  { replay, watch, options: changes = {} }: RunDetails,
): Promise<SimulationRun<T>> {
  refuseNesting();
  const world = new SimulatedWorld(toSettings(options), () => ({
    options: changes,
    replay: replay(),
  }));
  watch?.(world.trace);
  using _globals = installGlobals();
  const value = await world.run(main);
  const { leftovers } = world;
  const { seed, virtualTime, steps, faults } = world.state;
  const { segments, digest } = world.trace;
  return { value, seed, virtualTime, steps, segments, digest, faults, leftovers };
}

/**
 * Refuses a world in a world.
 *
 * @throws {InvalidStateError} If a program calls it.
 */
function refuseNesting(): void {
  const host = currentContext()?.process.host;
  if (host === undefined) return;
  throw new InvalidStateError(
    `Cannot simulate in host "${host}": a world inside of a world has no time of its own`,
  );
}
