/**
 * A server shuts down while clients connect to it over TLS, in a group of tasks. In any state of a
 * handshake, the server ends within its grace, and each client has an answer or an error.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer, TaskGroup } from "@sluice/net";
import { localhost } from "../../support/certificates/certificates.ts";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const CLIENTS = 8;
const GRACE = 300;
const CONNECT_TIMEOUT = 4000;

async function connect(): Promise<"answered" | "failed"> {
  const start = Date.now();
  try {
    await using connection = await openConnection({
      hostname: "server",
      port: 7,
      connectTimeout: CONNECT_TIMEOUT,
      tls: { rejectUnauthorized: false, handshakeTimeout: CONNECT_TIMEOUT },
    });
    const line = await connection.reader.readline({ as: "text", timeout: 20_000 });
    assert("hello\n".startsWith(line), line);
    return line === "hello\n" ? "answered" : "failed";
  } catch (error) {
    failOnAssertion(error);
    assert(Date.now() - start <= 2 * CONNECT_TIMEOUT + 20_500, "it took too long");
    return "failed";
  }
}

function scenario(name: string, runs: number, hasChaos: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [1, 60],
      loss: 0.01,
      chaos: hasChaos && {
        kinds: ["partition", "oneWay", "hold", "stall", "reset", "refuse", "ignore", "exhaust"],
        interval: 150,
        duration: 1500,
        until: 3000,
      },
    },
    async main(world): Promise<void> {
      const ended = Promise.withResolvers<void>();
      world.host("server", async () => {
        const server = await startServer(async ({ writer }) => {
          writer.write("hello\n");
          await writer.flush();
        }, { hostname: "0.0.0.0", port: 7, tls: localhost, onError: failOnAssertion });
        await pause(hasChaos ? Math.random() * 600 : 5000);
        const start = world.now;
        await server.shutdown({ grace: GRACE });
        assert(world.now - start <= GRACE + 100, `it took ${world.now - start} ms`);
        assertEquals(server.connections.size, 0);
        ended.resolve();
        await new Promise(() => {});
      });
      const outcomes = await world.client("client", () =>
        TaskGroup.run((group) => {
          const tasks = Array.from({ length: CLIENTS }, () =>
            group.createTask(async () => {
              await pause(Math.random() * 500);
              return await connect();
            }));
          return Promise.all(tasks);
        }));
      assertEquals(outcomes.length, CLIENTS);
      if (!hasChaos) assertEquals(new Set(outcomes), new Set(["answered"]));
      await ended.promise;
    },
  };
}

/** The scenarios. */
export const handshakes: readonly Scenario[] = [
  scenario("a TaskGroup of TLS clients is answered before a shutdown", 6, false),
  scenario("Server.shutdown() ends handshakes in any state", 24, true),
];
