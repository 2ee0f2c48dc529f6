/**
 * A server crashes again and again, with or without its system, in the middle of requests; a proxy
 * between it and its clients as well. Clients connect again and repeat what has no answer. The
 * journal, which outlives the crashes as a disk does, has each request once and in order.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { openConnection, relay, startServer } from "@sluice/net";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const COUNT = 25;

async function serve(journal: string[]): Promise<void> {
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader.lines()) {
      const number = Number(line);
      if (number === journal.length) journal.push(line);
      if (number < journal.length) writer.write(`${line}\n`);
      await writer.drain();
    }
  }, { hostname: "0.0.0.0", port: 7, onError: failOnAssertion });
  await server.serveForever();
}

async function serveProxy(): Promise<void> {
  await using server = await startServer(async (connection) => {
    const target = await openConnection({
      hostname: "server",
      port: 7,
      connectTimeout: 2000,
      resetOnAbort: true,
    });
    await relay(connection, target, { idleTimeout: 10_000 });
  }, { hostname: "0.0.0.0", port: 7, resetOnAbort: true, onError: failOnAssertion });
  await server.serveForever();
}

/** Asks until the connection fails; returns how many requests are answered. */
async function ask(first: number): Promise<number> {
  await using connection = await openConnection({
    hostname: "proxy",
    port: 7,
    connectTimeout: 2000,
    resetOnAbort: true,
  });
  const { reader, writer, transport } = connection;
  let answered = first;
  try {
    for (; answered < COUNT; answered++) {
      writer.write(`${answered}\n`);
      const line = await reader.readline({ as: "text", timeout: 3000 });
      if (!line.endsWith("\n")) return answered;
      assertEquals(line, `${answered}\n`);
      await pause(Math.random() * 300);
    }
  } catch (error) {
    failOnAssertion(error);
    transport.abort();
  }
  return answered;
}

/** The scenarios. */
export const restarts: readonly Scenario[] = [{
  name: "clients survive crashes of servers and proxies",
  runs: 60,
  options: { latency: [1, 30], loss: 0.005, segmentSize: [1, 20] },
  async main(world): Promise<void> {
    const journal: string[] = [];
    world.host("server", () => serve(journal));
    world.host("proxy", serveProxy);
    const client = world.client("client", async () => {
      for (let answered = 0; answered < COUNT;) {
        try {
          answered = await ask(answered);
        } catch (error) {
          failOnAssertion(error);
        }
        await pause(200);
      }
    });
    for (let i = 0; i < 8; i++) {
      await pause(Math.random() * 1500);
      const host = Math.random() < 0.7 ? "server" : "proxy";
      world.crash(host, { process: Math.random() < 0.5 });
      await pause(Math.random() * 1500);
      world.restart(host);
    }
    await client;
    assertEquals(journal, Array.from({ length: COUNT }, (_, index) => String(index)));
  },
}];
