import { assert, assertEquals } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { simulate } from "@sluice/net/testing";
import { isLongRun } from "../../support/runs/long_run.ts";

/** Ten servers and so many clients with a connection to each of them. */
const CLIENTS = isLongRun ? 990 : 99;
/** The longest time of a timer, nearly: 24 days. */
const LATER = 24 * 86_400_000;
/** How many days a connection goes on. */
const DAYS = isLongRun ? 30 : 2;

async function echoLines(): Promise<void> {
  await using server = await startServer(async ({ reader, writer }) => {
    for await (const line of reader.lines()) writer.write(`${line}\n`);
  }, { hostname: "0.0.0.0", port: 7, backlog: 1000 });
  await server.serveForever();
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test(`a world holds ${CLIENTS + 10} hosts and ${CLIENTS * 10} connections at a time`, async () => {
  let open = 0;
  let highest = 0;
  const { value } = await simulate(async (world) => {
    const numbers = Array.from({ length: 10 }, (_, i) => i);
    for (const i of numbers) world.host(`server${i}`, echoLines);
    let answers = 0;
    const client = async (): Promise<void> => {
      const connections = await Promise.all(
        numbers.map((i) => openConnection({ hostname: `server${i}`, port: 7 })),
      );
      highest = Math.max(highest, open += connections.length);
      await sleep(1000);
      for (const { reader, writer } of connections) {
        writer.write("hello\n");
        const { length } = await reader.readline();
        answers += length;
        writer.close();
        open--;
      }
    };
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => world.client(`client${i}`, client)),
    );
    return answers;
  });
  assertEquals([value, highest, open], [CLIENTS * 60, CLIENTS * 10, 0]);
});

Deno.test(`a connection goes on for ${DAYS} days of virtual time`, async () => {
  const { value, virtualTime } = await simulate(async (world) => {
    world.host("server", echoLines);
    return await world.client("client", async () => {
      const end = DAYS * 86_400_000;
      let answers = 0;
      while (world.now < end) {
        await using connection = await openConnection({ hostname: "server", port: 7 });
        for (let i = 0; i < 60; i++) {
          connection.writer.write("hello\n");
          // Set and cleared each time, and due much later.
          const signal = AbortSignal.timeout(LATER);
          const guard = setTimeout(() => {}, LATER);
          answers += (await connection.reader.readline({ signal })).length;
          clearTimeout(guard);
          await sleep(60_000);
        }
      }
      return answers;
    });
  }, { maxVirtualTime: Infinity });
  assert(virtualTime >= DAYS * 86_400_000 && value >= DAYS * 1440 * 6 - 360, `${value}`);
});
