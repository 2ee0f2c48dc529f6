/**
 * Tests that fail, for `replay_command_test.ts`, which runs them in a process of its own.
 *
 * @module
 */
import { openConnection, startServer } from "@sluice/net";
import { explore, simulate } from "@sluice/net/testing";

async function fail(seed: number): Promise<void> {
  await simulate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Math.random()));
    throw new Error(`drew ${Math.random()}`);
  }, { seed });
}

Deno.test('A run that\'s "unlucky"', async () => {
  await Promise.resolve();
  await fail(77);
});

Deno.test({ name: "Another one", fn: () => fail(1) });

for (const name of ["one", "two"]) {
  Deno.test(`In a loop: ${name}`, () => fail(2));
}

function register(name: string): void {
  Deno.test(name, () => fail(3));
}

register("By a helper");

Deno.test("A search", async () => {
  let runs = 0;
  try {
    await explore(async (world) => {
      runs++;
      world.host("server", async () => {
        await using server = await startServer(async ({ reader, writer }) => {
          for await (const line of reader.lines()) writer.write(`${line}\n`);
        }, { hostname: "0.0.0.0", port: 7 });
        await server.serveForever();
      });
      await world.client("client", async () => {
        await using client = await openConnection({ hostname: "server", port: 7 });
        for (let i = 0; i < 60; i++) {
          client.writer.write("hello\n");
          await client.reader.readline();
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      });
    }, { chaos: { kinds: ["hold", "reset", "slow"] } });
  } finally {
    console.log(`made ${runs} runs`);
  }
});

Deno.test("With steps", async (t) => {
  await t.step("inner", () => fail(4));
});
