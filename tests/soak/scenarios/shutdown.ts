/**
 * A server shuts down while clients are busy and the network fails. It ends within its grace, and
 * every client learns that its connection has ended.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const GRACE = 10_000;

function scenario(name: string, runs: number, interruptOnShutdown: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [1, 50],
      loss: 0.01,
      chaos: { kinds: ["partition", "oneWay", "hold", "stall", "reset", "slow"], interval: 1500 },
    },
    async main(world): Promise<void> {
      const isDone = Promise.withResolvers<void>();
      world.host("server", async () => {
        let handlers = 0;
        const server = await startServer(async ({ reader, writer }) => {
          handlers++;
          try {
            for await (const line of reader) {
              writer.write(line);
              if (Math.random() < 0.2) writer.write("x".repeat(5000) + "\n");
              await writer.drain();
            }
          } finally {
            handlers--;
          }
        }, { hostname: "0.0.0.0", port: 7, interruptOnShutdown, onError: failOnAssertion });
        await pause(1000 + Math.random() * 8000);
        const start = world.now;
        const open = server.connections.size;
        const { finished, aborted } = await server.shutdown({ grace: GRACE });
        assert(world.now - start <= GRACE + 100, `it took ${world.now - start} ms`);
        assertEquals([server.connections.size, handlers], [0, 0]);
        assert(finished + aborted >= open, `${open} were open, ${finished} + ${aborted} ended`);
        isDone.resolve();
        await new Promise(() => {});
      });
      const talk = async (): Promise<void> => {
        try {
          await using connection = await openConnection({ hostname: "server", port: 7 });
          const { reader, writer } = connection;
          for (let i = 0;; i++) {
            writer.write(`${i}\n`);
            await writer.drain({ timeout: 60_000 });
            if ((await reader.readline({ timeout: 60_000 })).length === 0) return;
            await pause(Math.random() * 200);
          }
        } catch {
          // The network failed, or the server is not there any more.
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => world.client(`client${index}`, talk)),
      );
      await isDone.promise;
    },
  };
}

/** The scenarios. */
export const shutdowns: readonly Scenario[] = [
  scenario("Server.shutdown() ends the waits of its handlers in time", 40, true),
  scenario("Server.shutdown() aborts what does not end in time", 40, false),
];
