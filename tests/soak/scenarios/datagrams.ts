/**
 * Numbered datagrams, each sent until it is acknowledged, over a network that loses, doubles and
 * reorders them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { openDatagrams } from "@sluice/net";
import type { Scenario } from "../scenario.ts";

const COUNT = 60;

async function acknowledge(seen: Set<number>): Promise<void> {
  await using socket = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 7 } });
  for await (const { data, address } of socket) {
    const [number = -1, ...rest] = data;
    assertEquals(rest, Array.from({ length: number }, () => number));
    seen.add(number);
    await socket.send(Uint8Array.of(number), address);
  }
}

/** The scenarios. */
export const datagrams: readonly Scenario[] = [{
  name: "datagrams arrive whole, however the network treats them",
  runs: 60,
  options: {
    latency: [1, 80],
    loss: 0.2,
    duplication: 0.2,
    reordering: 0.3,
    chaos: { interval: 1000, until: 20_000 },
  },
  async main(world): Promise<void> {
    const seen = new Set<number>();
    world.host("server", () => acknowledge(seen));
    await world.client("client", async () => {
      const hostname = "server";
      for (let number = 0; number < COUNT;) {
        try {
          await using socket = await openDatagrams({ remoteAddr: { hostname, port: 7 } });
          for (; number < COUNT;) {
            await socket.send(new Uint8Array(number + 1).fill(number));
            const answer = await socket.receive({ timeout: 300 });
            if (answer?.data[0] === number) number++;
          }
        } catch (error) {
          if (!isOfNetwork(error)) throw error;
        }
      }
    });
    assertEquals([...seen].sort((a, b) => a - b), Array.from({ length: COUNT }, (_, i) => i));
  },
}];

/** Whether a lookup failed, no answer came in time, or the network told that no one is there. */
function isOfNetwork(error: unknown): boolean {
  const { name } = error as Error;
  return ["TimeoutError", "NameResolutionError"].includes(name) || name in Deno.errors;
}
