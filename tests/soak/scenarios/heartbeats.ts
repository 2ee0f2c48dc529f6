/**
 * Clients send heartbeats for a day to a server that ends idle connections. A client that falls
 * silent is noticed in time, the others never.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  createConnection,
  createServer,
  idleTimeout,
  IdleTimeoutError,
  Protocol,
} from "@sluice/net";
import { pause, type Scenario } from "../scenario.ts";

const DAY = 86_400_000;
const PERIOD = 30_000;
const TIMEOUT = 90_000;

/** When a connection ended, and why. */
interface Ending {
  readonly at: number;
  readonly error: Error | null;
}

/** The scenarios. */
export const heartbeats: readonly Scenario[] = [{
  name: "idleTimeout() ends the silent connections of a day and no other",
  runs: 4,
  options: { latency: [1, 300], loss: 0.02, maxVirtualTime: DAY + 3_600_000 },
  async main(world): Promise<void> {
    const endings: Ending[] = [];
    const isDone = Promise.withResolvers<void>();
    const clients = 5;
    world.host("server", async () => {
      class Beats extends Protocol {
        override connectionLost(error: Error | null): void {
          endings.push({ at: world.now, error });
          if (endings.length === clients) isDone.resolve();
        }
      }
      await using server = await createServer(() => new Beats(), {
        hostname: "0.0.0.0",
        port: 7,
        layers: [idleTimeout({ timeout: TIMEOUT })],
      });
      await server.serveForever();
    });
    const silences: number[] = [];
    const beat = async (isFaithful: boolean): Promise<void> => {
      const { transport } = await createConnection(() => new Protocol(), {
        hostname: "server",
        port: 7,
      });
      const until = isFaithful ? DAY : Math.random() * DAY;
      while (world.now < until) {
        transport.write(".");
        await pause(PERIOD);
      }
      if (isFaithful) transport.close();
      else silences.push(world.now);
      await transport.closed;
    };
    await Promise.all([
      world.client("ann", () => beat(true)),
      world.client("bob", () => beat(true)),
      world.client("cy", () => beat(false)),
      world.client("dee", () => beat(false)),
      world.client("eve", () => beat(false)),
    ]);
    await isDone.promise;
    const idle = endings.filter(({ error }) => error instanceof IdleTimeoutError);
    assertEquals(idle.length, 3);
    silences.sort((a, b) => a - b);
    for (const [index, { at }] of idle.entries()) {
      // From the last beat, which came up to a period before the silence was noted.
      const silence = at - (silences[index] ?? 0) + PERIOD;
      assert(silence >= TIMEOUT && silence <= 1.25 * TIMEOUT + 5000, `${silence} ms`);
    }
    for (const { at, error } of endings) if (error === null) assert(at >= DAY);
  },
}];
