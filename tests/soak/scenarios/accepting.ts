/**
 * A server takes its connections one by one, pauses now and then, and upgrades each to TLS in
 * mid-stream. No connection is forgotten, and none hangs.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer, type StreamConnection, type StreamReader } from "@sluice/net";
import { localhost } from "../../support/certificates/certificates.ts";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

const CLIENTS = 12;
const LIMIT = { timeout: 20_000 };

/** Reads this line. If the connection ends, its beginning may have come. */
async function expectLine(reader: StreamReader, expected: string): Promise<void> {
  const line = await reader.readline({ as: "text", ...LIMIT });
  assertEquals(line, line.endsWith("\n") ? expected : expected.slice(0, line.length));
  if (line !== expected) throw new Deno.errors.UnexpectedEof("the peer gave up");
}

async function answer({ reader, writer }: StreamConnection): Promise<void> {
  await expectLine(reader, "STARTTLS\n");
  writer.write("OK\n");
  await writer.startTls({ ...localhost, serverSide: true, handshakeTimeout: 20_000 });
  const name = await reader.readline({ as: "text", ...LIMIT });
  writer.write(`hello ${name}`);
  await writer.flush(LIMIT);
}

async function greet(name: string): Promise<boolean> {
  await using connection = await openConnection({ hostname: "server", port: 7 });
  const { reader, writer } = connection;
  try {
    writer.write("STARTTLS\n");
    await expectLine(reader, "OK\n");
    await writer.startTls({ rejectUnauthorized: false, handshakeTimeout: 20_000 });
    writer.write(`${name}\n`);
    await expectLine(reader, `hello ${name}\n`);
    return true;
  } catch (error) {
    failOnAssertion(error);
    connection.transport.abort();
    return false;
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
        kinds: ["partition", "reset", "hold", "stall", "oneWay"],
        interval: 200,
        until: 15_000,
      },
    },
    async main(world): Promise<void> {
      let handled = 0;
      let greeted = 0;
      world.host("server", async () => {
        await using server = await startServer(null, { hostname: "0.0.0.0", port: 7 });
        setInterval(() => {
          server.pauseAccepting();
          setTimeout(() => server.resumeAccepting(), Math.random() * 500);
        }, 2000);
        for (;;) {
          const connection = await server.accept();
          const serve = async (): Promise<void> => {
            await using _connection = connection;
            await answer(connection);
            handled++;
          };
          void serve().catch(failOnAssertion);
        }
      });
      const users = Array.from(
        { length: CLIENTS },
        (_, index) =>
          world.client(`client${index}`, async () => {
            await pause(Math.random() * 10_000);
            if (await greet(`client${index}`).catch(failOnAssertion)) greeted++;
          }),
      );
      await Promise.all(users);
      if (!hasChaos) assertEquals(greeted, CLIENTS);
      assert(handled >= greeted, `${handled} of ${greeted}`);
    },
  };
}

/** The scenarios. */
export const accepting: readonly Scenario[] = [
  scenario("accept() and startTls() serve every client", 10, false),
  scenario("accept() and startTls() hang for no client of a bad network", 20, true),
];
