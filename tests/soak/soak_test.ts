/**
 * Runs each scenario with many seeds.
 *
 * `SOAK_RUNS` sets how many runs there are in all, `SOAK_SEED` the first seed: `random` is another
 * one each time. A failure names its seed. The same seeds give the same runs each time: there are a
 * third as many but in the long run.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { simulate } from "@sluice/net/testing";
import { isLongRun } from "../support/runs/long_run.ts";
import type { Scenario } from "./scenario.ts";
import { accepting } from "./scenarios/accepting.ts";
import { chats } from "./scenarios/chat.ts";
import { datagrams } from "./scenarios/datagrams.ts";
import { files } from "./scenarios/files.ts";
import { handshakes } from "./scenarios/handshakes.ts";
import { heartbeats } from "./scenarios/heartbeats.ts";
import { manyAddresses } from "./scenarios/many_addresses.ts";
import { messages } from "./scenarios/messages.ts";
import { relayChain } from "./scenarios/relay_chain.ts";
import { requests } from "./scenarios/requests.ts";
import { restarts } from "./scenarios/restarts.ts";
import { secureLayers } from "./scenarios/secure_layers.ts";
import { shutdowns } from "./scenarios/shutdown.ts";
import { signals } from "./scenarios/signals.ts";
import { timeouts } from "./scenarios/timeouts.ts";
import { transfers } from "./scenarios/transfers.ts";

const SCENARIOS: readonly Scenario[] = [
  ...accepting,
  ...chats,
  ...datagrams,
  ...files,
  ...handshakes,
  ...heartbeats,
  ...manyAddresses,
  ...messages,
  ...relayChain,
  ...requests,
  ...restarts,
  ...secureLayers,
  ...shutdowns,
  ...signals,
  ...timeouts,
  ...transfers,
];

const planned = SCENARIOS.reduce((sum, { runs }) => sum + runs, 0);
const usual = isLongRun ? planned : planned / 3;
const scale = Number(Deno.env.get("SOAK_RUNS") ?? usual) / planned;
const firstSeed = Deno.env.get("SOAK_SEED") === "random"
  ? Math.floor(Math.random() * 2 ** 31)
  : Number(Deno.env.get("SOAK_SEED") ?? 1);

/** Collects what the library reports on the console, until the end of its scope. */
class ConsoleReports implements Disposable {
  readonly #real = console.error;
  readonly #reports: string[] = [];

  constructor() {
    console.error = (...values: unknown[]) => void this.#reports.push(values.join(" "));
  }

  /** All but the failures to accept of a host without descriptors, which are to be reported. */
  get unexpected(): string[] {
    return this.#reports.filter((report) => !report.includes("Too many open files"));
  }

  [Symbol.dispose](): void {
    console.error = this.#real;
  }
}

for (const { name, runs, options, main } of SCENARIOS) {
  Deno.test(name, async () => {
    const last = firstSeed + Math.ceil(runs * scale);
    for (let seed = firstSeed; seed < last; seed++) {
      using reports = new ConsoleReports();
      const { leftovers } = await simulate(main, { ...options, seed });
      assertEquals([leftovers, reports.unexpected], [[], []], `seed ${seed}`);
    }
  });
}
