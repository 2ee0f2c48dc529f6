import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { runWorld, type WorldMain } from "./_run_world.ts";
import { readEnvironment } from "./answers/environment.ts";
import { ReplayCommand } from "./answers/replay_command.ts";
import { runTwice } from "./answers/run_twice.ts";
import { type Failure, FailureShrinker } from "./answers/shrink_failure.ts";
import { drawSettings } from "./answers/swarm.ts";
import { HangError, SimulationError } from "./simulation_error.ts";
import {
  MAX_STEPS,
  SIMULATION_CHECKS,
  type SimulationOptions,
  splitRecording,
} from "./simulation_options.ts";
import type { SimulationRun } from "./simulation_run.ts";
import type { World } from "./world/world.ts";

/** There are so many seeds. */
const SEEDS = 2 ** 32;
/** A simpler run may take so many times the events of the failing one, and some more. */
const STEPS_FACTOR = 4;
const STEPS_MORE = 10_000;

/**
 * Options for {@linkcode explore}. `seed` is the first of the seeds; the other options of a
 * simulation are those of every run.
 */
export interface ExploreOptions extends SimulationOptions {
  /**
   * How many seeds are tried.
   *
   * @default {100}
   */
  readonly runs?: number;
  /**
   * No further seed is tried after this much real time, in milliseconds. The search for a simpler
   * failure may take as long again. No limit by default.
   */
  readonly budget?: number;
  /**
   * Draws, for each seed, the options of the network that are not given, and some of the kinds of
   * trouble if there is `chaos`.
   *
   * @default {true}
   */
  readonly swarm?: boolean;
  /**
   * A failure is made simpler in so many runs at most; 0 reports it as it is.
   *
   * @default {300}
   */
  readonly shrinkRuns?: number;
  /** Ends the search before the next run, with the reason of the signal. */
  readonly signal?: AbortSignal;
}

const EXPLORE_CHECKS: OptionTable<ExploreOptions> = {
  ...SIMULATION_CHECKS,
  runs: check.wholeNumber(1),
  budget: check.numberAbove0("milliseconds"),
  swarm: check.flag,
  shrinkRuns: check.wholeNumber(0),
  signal: check.abortSignal,
};

/** A search that found no failure. */
export interface Exploration {
  /** How many seeds were tried. */
  readonly runs: number;
  /** How many events the runs had. */
  readonly steps: number;
  /** How many segments and datagrams were sent. */
  readonly segments: number;
  /** How long the runs took, in milliseconds of virtual time. */
  readonly virtualTime: number;
}

/**
 * Runs a simulation with many seeds, and with a network that differs from seed to seed, until one
 * fails. Then it looks for the simplest failure: it leaves out faults and settings, one after the
 * other, as long as the run fails for the same reason. The error has what is left: the faults, the
 * options that the program did not give, and the command that repeats exactly this run.
 *
 * Each run must be a whole program: what `main` uses must be made in it, so that nothing goes on
 * from one run to the next. With `SLUICE_SEED` in the environment only that seed is tried.
 *
 * @example A client that does not ask again
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { explore, SimulationError } from "@sluice/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const error = await assertRejects(() =>
 *   explore(async (world) => {
 *     world.host("server", async () => {
 *       await using server = await startServer(async ({ reader, writer }) => {
 *         for await (const line of reader.lines()) writer.write(`${line}\n`);
 *       }, { hostname: "0.0.0.0", port: 7 });
 *       await server.serveForever();
 *     });
 *     await world.client("client", async () => {
 *       await using client = await openConnection({ hostname: "server", port: 7 });
 *       for (let i = 0; i < 60; i++) {
 *         client.writer.write("hello\n");
 *         await client.reader.readline();
 *         await new Promise((resolve) => setTimeout(resolve, 1000));
 *       }
 *     });
 *   }, { chaos: { kinds: ["hold", "reset", "slow"] } }), SimulationError);
 * assertEquals(error.run.faults.map(({ fault }) => fault.kind), ["reset"]);
 * ```
 *
 * @param main Makes the hosts.
 * @param options How long to search, and the options of each run.
 * @returns Figures, if no run failed.
 * @throws {SimulationError} The simplest failure that was found; or {@linkcode HangError}.
 * @throws {NondeterminismError} With `checkDeterminism`, if two runs of a seed did not go alike.
 */
export async function explore(
  main: (world: World) => unknown,
  options: ExploreOptions = {},
): Promise<Exploration> {
  if (typeof main !== "function") throw new TypeError("Cannot explore: main is not a function");
  checkOptions("explore", options, EXPLORE_CHECKS);
  return await new Explorer(main, options, new ReplayCommand(explore)).search();
}

/** One search. */
class Explorer {
  readonly #main: WorldMain<unknown>;
  readonly #options: ExploreOptions;
  readonly #base: SimulationOptions;
  readonly #recording: SimulationOptions;
  // From the environment.
  readonly #changes: SimulationOptions | undefined;
  readonly #seed: number | undefined;
  readonly #command: ReplayCommand;
  readonly #totals = { runs: 0, steps: 0, segments: 0, virtualTime: 0 };

  constructor(main: WorldMain<unknown>, options: ExploreOptions, command: ReplayCommand) {
    const { runs: _, budget: _1, swarm: _2, shrinkRuns: _3, signal: _4, ...rest } = options;
    // Written of the run that is reported, and of no other one.
    const { seed, options: changes = {} } = readEnvironment();
    const [recording, base] = splitRecording(rest);
    const [otherRecording, others] = splitRecording(changes);
    this.#main = main;
    this.#options = options;
    this.#base = base;
    this.#recording = { ...recording, ...otherRecording };
    this.#changes = Object.keys(others).length > 0 ? others : undefined;
    this.#seed = seed;
    this.#command = command;
  }

  async search(): Promise<Exploration> {
    if (this.#seed !== undefined) return await this.#repeat(this.#seed);
    const { seed: first = 1, runs = 100, budget = Infinity, signal } = this.#options;
    const end = performance.now() + budget;
    while (this.#totals.runs < runs && performance.now() < end) {
      signal?.throwIfAborted();
      await this.#try((first + this.#totals.runs) % SEEDS);
    }
    return this.#totals;
  }

  /** The run that a command asks for. */
  async #repeat(seed: number): Promise<Exploration> {
    const options = { ...this.#changes ?? this.#draw(seed), ...this.#recording };
    this.#count(await this.#run(seed, options));
    return this.#totals;
  }

  #draw(seed: number): SimulationOptions {
    return this.#options.swarm === false ? {} : drawSettings(seed, this.#base);
  }

  async #try(seed: number): Promise<void> {
    const options = { ...this.#draw(seed), ...this.#changes };
    try {
      this.#count(await this.#run(seed, options));
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      throw await this.#shrunk({ error, options });
    }
  }

  #count({ steps, segments, virtualTime }: SimulationRun<unknown>): void {
    this.#totals.runs++;
    this.#totals.steps += steps;
    this.#totals.segments += segments;
    this.#totals.virtualTime += virtualTime;
  }

  #run(seed: number, options: SimulationOptions): Promise<SimulationRun<unknown>> {
    const all = { ...this.#base, ...options, seed };
    const run = all.checkDeterminism ? runTwice : runWorld;
    const replay = (): string | null => this.#command.of({ seed, options: this.#changes });
    return run(this.#main, all, { replay, options });
  }

  /** Makes the run again that is reported, to write down what happens. */
  async #record(seed: number, changes: SimulationOptions): Promise<void> {
    if (Object.keys(this.#recording).length === 0) return;
    const all = { ...this.#base, ...changes, ...this.#recording, seed };
    await runWorld(this.#main, all, { replay: () => null }).catch(() => {});
  }

  async #shrunk(failure: Failure): Promise<SimulationError> {
    const { error: { run: { seed, steps, faults } }, options } = failure;
    const { budget = Infinity, shrinkRuns = 300, signal } = this.#options;
    const end = performance.now() + budget;
    const { maxSteps: most = MAX_STEPS } = { ...this.#base, ...options };
    const maxSteps = Math.min(most, STEPS_FACTOR * steps + STEPS_MORE);
    const shrinker = new FailureShrinker(failure, async (changes) => {
      try {
        const { checkDeterminism: _, ...base } = { ...this.#base, ...changes, maxSteps, seed };
        const replay = (): string | null => this.#command.of({ seed, options: changes });
        await runWorld(this.#main, base, { replay, options: changes });
        return null;
      } catch (error) {
        if (error instanceof SimulationError) return error;
        throw error;
      }
    }, { runs: shrinkRuns, isOver: () => signal?.aborted === true || performance.now() >= end });
    // The troubles of chaos, as a schedule that parts can be left out of.
    const isScheduled = this.#base.chaos || faults.length > 0;
    await shrinker.shrink(isScheduled ? { ...options, chaos: false, faults } : options);
    await this.#record(seed, shrinker.best.options);
    return withNotes(shrinker.best.error, [
      `found with seed ${seed}, in run ${this.#totals.runs + 1}`,
      ...notesOf(shrinker, options, failure),
    ]);
  }
}

/** How the failure that is reported was found. */
function notesOf(
  { best, runs, isConfirmed, isStable, others }: FailureShrinker,
  drawn: SimulationOptions,
  { error }: Failure,
): string[] {
  if (runs === 0) return [];
  if (!isConfirmed) {
    return ["it did not fail again: see what differs with checkDeterminism: true"];
  }
  if (!isStable) others.push("this run, but it does not fail each time: see checkDeterminism");
  const count = (options: SimulationOptions): number => settingsOf(options).length;
  const faults = `${error.run.faults.length} faults to ${best.error.run.faults.length}`;
  const settings = `${count(drawn)} settings to ${count(best.options)}`;
  return [
    `made simpler in ${runs} runs: from ${faults}, from ${settings}`,
    ...others.map((problem) => `also seen on the way: ${problem}`),
  ];
}

function settingsOf(options: SimulationOptions): string[] {
  return Object.keys(options).filter((name) => name !== "faults" && name !== "chaos");
}

function withNotes(error: SimulationError, notes: readonly string[]): SimulationError {
  const run = { ...error.run, notes };
  if (error instanceof HangError) return new HangError(run);
  return new SimulationError(error.problem, run, { host: error.host, cause: error.cause });
}
