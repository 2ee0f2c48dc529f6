import { checkOptions } from "../../protocols/option_checks.ts";
import { runWorld } from "./_run_world.ts";
import { readEnvironment } from "./answers/environment.ts";
import { ReplayCommand } from "./answers/replay_command.ts";
import { runTwice } from "./answers/run_twice.ts";
import { SIMULATION_CHECKS, type SimulationOptions } from "./simulation_options.ts";
import type { SimulationRun } from "./simulation_run.ts";
import type { World } from "./world/world.ts";

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
 *     assertEquals(await client.reader.readline({ as: "text" }), "HELLO\n");
 *     world.partition("client", "server");
 *     client.writer.write("anyone?\n");
 *     await assertRejects(() => client.reader.readline({ signal: AbortSignal.timeout(60_000) }));
 *     client.transport.abort();
 *   });
 * }, { seed: 7, latency: [5, 40] });
 * assertEquals(Math.round(virtualTime / 1000), 60);
 * ```
 *
 * If the run fails, the message of the error lists the faults, who waits for what, and the command
 * that repeats the run. Two variables of the environment go before the options, where they may be
 * read: `SLUICE_SEED`, and `SLUICE_OPTIONS` with a JSON object of options.
 *
 * @param main Makes the hosts.
 * @param options The seed, the network, the faults and the limits.
 * @returns What `main` returned, and figures about the run.
 * @throws {SimulationError} If a program throws or the run goes beyond its limits.
 * @throws {NondeterminismError} If the run is made twice, and the two did not go alike.
 * @throws {HangError} If nothing can happen any more and the clients are not done.
 * @throws {InvalidStateError} If it is called inside of a world.
 */
export async function simulate<T>(
  main: (world: World) => T | Promise<T>,
  options: SimulationOptions = {},
): Promise<SimulationRun<T>> {
  if (typeof main !== "function") throw new TypeError("Cannot simulate: main is not a function");
  checkOptions("simulate", options, SIMULATION_CHECKS);
  const command = new ReplayCommand(simulate);
  const { seed = options.seed ?? 1, options: changes } = readEnvironment();
  const all = { ...options, ...changes, seed };
  checkOptions("simulate", all, SIMULATION_CHECKS);
  const replay = (): string | null => command.of({ seed, options: changes });
  const run = all.checkDeterminism ? runTwice : runWorld;
  return await run(main, all, { replay, options: changes });
}
