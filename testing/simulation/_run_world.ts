import { InvalidStateError } from "../../protocols/errors.ts";
import { RunRecorders } from "./_run_recorders.ts";
import { SimulatedWorld } from "./world/simulated_world.ts";
import { showTime } from "./answers/report_run.ts";
import { currentContext } from "./globals/context.ts";
import { installGlobals } from "./globals/install.ts";
import { SimulationError } from "./simulation_error.ts";
import { type SimulationOptions, toSettings } from "./simulation_options.ts";
import type { SimulationRun } from "./simulation_run.ts";
import type { Trace } from "./trace.ts";
import type { World } from "./world/world.ts";
// Loads the modules that the library loads at first use: a world does not wait for modules.
import "../../streams/datagrams/datagram_socket.ts";
import "../../transports/networks/dial_each.ts";

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
  const settings = toSettings(options);
  const world = new SimulatedWorld(settings, () => ({ options: changes, replay: replay() }));
  watch?.(world.trace);
  const stopTime = (until: Promise<void>): unknown => world.outside(until);
  const recorders = new RunRecorders(world.trace, options, settings, stopTime);
  const value = await recorded(world, main, recorders);
  const { leftovers } = world;
  const { seed, virtualTime, steps, faults } = world.state;
  const { segments, digest } = world.trace;
  return { value, seed, virtualTime, steps, segments, digest, faults, leftovers };
}

async function recorded<T>(
  world: SimulatedWorld,
  main: WorldMain<T>,
  recorders: RunRecorders,
): Promise<T> {
  const [outcome] = await Promise.allSettled([inWorld(world, main)]);
  const hasFailed = outcome.status === "rejected";
  const problem = hasFailed && outcome.reason instanceof SimulationError
    ? outcome.reason.problem
    : "all clients have ended";
  await recorders.close(`Seed ${world.seed}, ${showTime(world.now)}: ${problem}`, hasFailed);
  if (hasFailed) throw outcome.reason;
  return outcome.value;
}

async function inWorld<T>(world: SimulatedWorld, main: WorldMain<T>): Promise<T> {
  using _globals = installGlobals();
  return await world.run(main);
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
