/**
 * Seeds that once failed, with the network that they failed in.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { simulate } from "@sluice/net/testing";
import { handshakes } from "./scenarios/handshakes.ts";
import { transfers } from "./scenarios/transfers.ts";

Deno.test("A failed TLS handshake has closed its connection when it is reported", async () => {
  const scenario = handshakes[1];
  assert(typeof scenario?.options.chaos === "object");
  const chaos = { ...scenario.options.chaos, interval: 500 };
  for (const seed of [489_483_275, 524_998_573]) {
    const options = { ...scenario.options, chaos, seed };
    assertEquals((await simulate(scenario.main, options)).leftovers, [], `seed ${seed}`);
  }
});

Deno.test("A peer that waits to write learns of a reset whose first segment was lost", async () => {
  const scenario = transfers[1];
  assert(scenario !== undefined);
  const { leftovers } = await simulate(scenario.main, { ...scenario.options, seed: 820_765_383 });
  assertEquals(leftovers, []);
});
