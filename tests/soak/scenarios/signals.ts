/**
 * A server serves until a signal, while clients are busy and the network fails. It ends within its
 * grace, at once at a second signal, and no answer that it has begun comes to a wrong end.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import type { World } from "@sluice/net/testing";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";
import { SimulatedSignals } from "../simulated_signals.ts";

const GRACE = 5000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** One of the signals. */
function anySignal(): "SIGINT" | "SIGTERM" {
  return Math.random() < 0.5 ? "SIGINT" : "SIGTERM";
}

/** Serves lines until a signal, and checks how that ends. */
async function serve(world: World, signals: SimulatedSignals): Promise<void> {
  let handlers = 0;
  const server = await startServer(async ({ reader, writer }) => {
    handlers++;
    try {
      for await (const line of reader) {
        writer.write(line);
        await writer.drain();
        await pause(Math.random() * 100);
      }
    } finally {
      handlers--;
    }
  }, {
    hostname: "0.0.0.0",
    port: 7,
    interruptOnShutdown: Math.random() < 0.5,
    onError: failOnAssertion,
  });
  const told: [string, number][] = [];
  const serving = server.serveUntilSignal({
    grace: GRACE,
    signals: SIGNALS,
    closeClients: Math.random() < 0.5,
    onSignal: (signal) => void told.push([signal, world.now]),
  });
  await pause(500 + Math.random() * 5000);
  const first = anySignal();
  signals.send(first);
  let limit = world.now + GRACE;
  if (Math.random() < 0.5) {
    await pause(Math.random() * GRACE);
    limit = world.now;
    // It may have ended before.
    signals.send(anySignal());
  }
  const { signal } = await serving;
  assertEquals([signal, told.map(([name]) => name)], [first, [first]]);
  assert(world.now <= limit + 100, `it took ${world.now - limit} ms more`);
  assertEquals([server.connections.size, signals.listeners], [0, 0]);
  // A handler that was aborted learns of it after its pause.
  await pause(200);
  assertEquals(handlers, 0);
}

/** Asks for echoes until the connection ends. */
async function talk(): Promise<void> {
  try {
    await using connection = await openConnection({ hostname: "server", port: 7 });
    const { reader, writer } = connection;
    for (let i = 0;; i++) {
      const line = `${i} ${"x".repeat(Math.random() * 3000)}\n`;
      writer.write(line);
      await writer.drain({ timeout: 60_000 });
      const answer = await reader.readline({ as: "text", timeout: 60_000 });
      assertEquals(answer, line.slice(0, answer.length));
      if (answer.length < line.length) return;
      await pause(Math.random() * 200);
    }
  } catch (error) {
    // The network failed, or the server is not there any more.
    failOnAssertion(error);
  }
}

/** The scenarios. */
export const signals: readonly Scenario[] = [{
  name: "serveUntilSignal() ends in time at one signal, and at once at two",
  runs: 60,
  options: {
    latency: [1, 50],
    loss: 0.01,
    chaos: { kinds: ["partition", "oneWay", "hold", "stall", "reset", "slow"], interval: 1000 },
  },
  async main(world): Promise<void> {
    using signals = new SimulatedSignals();
    const isDone = Promise.withResolvers<void>();
    world.host("server", async () => {
      await serve(world, signals);
      isDone.resolve();
      await new Promise(() => {});
    });
    await Promise.all(
      Array.from({ length: 6 }, (_, index) => world.client(`client${index}`, talk)),
    );
    await isDone.promise;
  },
}];
