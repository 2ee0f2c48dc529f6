/**
 * The chat of the examples, with fifty users and a bad network. Each user sees the lines of another
 * in order, and no line that was not said.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createServer, openConnection } from "@sluice/net";
import { Room } from "../../../examples/chat_server.ts";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const USERS = 50;
const LINES = 4;

/** Checks that the lines of each other user come in order. */
class Transcript {
  readonly #last = new Map<string, number>();

  add(line: string): void {
    const said = /^(user\d+): line (\d+)$/.exec(line);
    if (said === null) return void assert(/^(\*|What is your name)/.test(line), line);
    const [, name = "", number] = said;
    // A line may be missing, when its user came late; none is doubled or comes too late.
    assert(Number(number) > (this.#last.get(name) ?? -1), line);
    this.#last.set(name, Number(number));
  }
}

async function chat(name: string): Promise<void> {
  await using connection = await openConnection({ hostname: "server", port: 7 });
  const { reader, writer } = connection;
  const transcript = new Transcript();
  const listen = async (): Promise<void> => {
    for await (const line of reader.lines()) transcript.add(line);
  };
  const speak = async (): Promise<void> => {
    writer.write(`${name}\n`);
    for (let i = 0; i < LINES; i++) {
      await pause(Math.random() * 10_000);
      writer.write(`line ${i}\n`);
      await writer.drain();
    }
    writer.write("/quit\n");
  };
  const fail = (error: unknown): never => {
    connection.transport.abort();
    throw error;
  };
  // The other one ends with the connection, and leaves nothing that waits.
  const outcomes = await Promise.allSettled([listen().catch(fail), speak().catch(fail)]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** The scenarios. */
export const chats: readonly Scenario[] = [{
  name: "the chat server sends every message to every user in order",
  runs: 12,
  options: {
    latency: [1, 50],
    loss: 0.002,
    segmentSize: [20, 1460],
    chaos: { kinds: ["partition", "reset", "stall", "slow", "hold", "exhaust"], interval: 500 },
  },
  async main(world): Promise<void> {
    const isEmpty = Promise.withResolvers<void>();
    world.host("server", async () => {
      const room = new Room();
      const server = await createServer(room.enter, { hostname: "0.0.0.0", port: 7 });
      await isEmpty.promise;
      await server.shutdown({ grace: 1000 });
      assertEquals([room.names.length, server.connections.size], [0, 0]);
      done.resolve();
      await new Promise(() => {});
    });
    const done = Promise.withResolvers<void>();
    const users = Array.from({ length: USERS }, (_, index) => {
      const name = `user${index}`;
      return world.client(name, () => chat(name).catch(failOnAssertion));
    });
    await Promise.all(users);
    isEmpty.resolve();
    await done.promise;
  },
}];
