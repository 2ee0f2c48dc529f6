/**
 * Tests that fail, for `replay_command_test.ts`, which runs them in a process of its own.
 *
 * @module
 */
import { simulate } from "@sluice/net/testing";

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

Deno.test("With steps", async (t) => {
  await t.step("inner", () => fail(4));
});
