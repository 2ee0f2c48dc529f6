import { InvalidStateError } from "../../protocols/errors.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import { SimulatedWorld } from "./_simulated_world.ts";
import type { ScheduledFault } from "./faults.ts";
import { currentContext } from "./globals/context.ts";
import { installGlobals } from "./globals/install.ts";
import { SIMULATION_CHECKS, type SimulationOptions, toSettings } from "./simulation_options.ts";
import type { World } from "./world.ts";

/** A run that came to its end. */
export interface SimulationRun<T> {
  /** What the function of the simulation returned. */
  readonly value: T;
  /** The seed. */
  readonly seed: number;
  /** How long it took, in milliseconds of virtual time. */
  readonly virtualTime: number;
  /** How many events happened. */
  readonly steps: number;
  /** How many segments and datagrams were sent. */
  readonly segments: number;
  /** Stands for everything that happened: two runs with the same digest went alike. */
  readonly digest: string;
  /** The faults of the schedule and of chaos. Given as `faults`, they happen again. */
  readonly faults: readonly ScheduledFault[];
}

/**
 * Runs servers and clients in a world of their own: with virtual time, and with a network that is
 * slow, loses and breaks as it is told to. Everything depends on the seed only, so a run that fails
 * fails again.
 *
 * The programs are not changed. In everything that a host starts, `createServer`,
 * `openConnection`, datagrams, TLS and `Deno.connect`, `Deno.listen`, `Deno.resolveDns` use the
 * simulated network; timers, `Date`, `performance.now` and `AbortSignal.timeout` use virtual time;
 * `Math.random` and `crypto.getRandomValues` use the seed. Code outside is not affected. `main`
 * runs on a host too, called `"main"`.
 *
 * The clock jumps to the next event when every host waits. The run ends when `main` and every
 * client have ended; hosts that still run are stopped then.
 *
 * @example A client that gives up during a partition
 * ```ts
 * import { openConnection, startServer } from "@sluice/net";
 * import { simulate } from "@sluice/net/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const { virtualTime } = await simulate(async (world) => {
 *   world.host("server", async () => {
 *     await using server = await startServer(async ({ reader, writer }) => {
 *       for await (const line of reader.lines()) writer.write(`${line.toUpperCase()}\n`);
 *     }, { hostname: "0.0.0.0", port: 7 });
 *     await server.serveForever();
 *   });
 *   await world.client("client", async () => {
 *     await using client = await openConnection({ hostname: "server", port: 7 });
 *     client.writer.write("hello\n");
 *     assertEquals(new TextDecoder().decode(await client.reader.readline()), "HELLO\n");
 *     world.partition("client", "server");
 *     client.writer.write("anyone?\n");
 *     await assertRejects(() => client.reader.readline({ signal: AbortSignal.timeout(60_000) }));
 *     client.transport.abort();
 *   });
 * }, { seed: 7, latency: [5, 40] });
 * assertEquals(Math.round(virtualTime / 1000), 60);
 * ```
 *
 * @param main Makes the hosts.
 * @param options The seed, the network, the faults and the limits.
 * @returns What `main` returned, and figures about the run.
 * @throws {SimulationError} If a program throws or the run goes beyond its limits.
 * @throws {HangError} If nothing can happen any more and the clients are not done.
 * @throws {InvalidStateError} If it is called inside of a world.
 */
export async function simulate<T>(
  main: (world: World) => T | Promise<T>,
  options: SimulationOptions = {},
): Promise<SimulationRun<T>> {
  if (typeof main !== "function") throw new TypeError("Cannot simulate: main is not a function");
  checkOptions("simulate", options, SIMULATION_CHECKS);
  const host = currentContext()?.process.host;
  if (host !== undefined) {
    throw new InvalidStateError(
      `Cannot simulate in host "${host}": a world inside of a world has no time of its own`,
    );
  }
  const world = new SimulatedWorld(toSettings(options));
  using _globals = installGlobals();
  const value = await world.run(main);
  const { seed, virtualTime, steps, faults } = world.state;
  const { segments, digest } = world.trace;
  return { value, seed, virtualTime, steps, segments, digest, faults };
}
