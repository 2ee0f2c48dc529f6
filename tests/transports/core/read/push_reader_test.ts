import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { PushSource } from "../../../../transports/core/carrier.ts";
import { isLent } from "../../../../transports/core/memory/loan.ts";
import { Delivery } from "../../../../transports/core/read/delivery.ts";
import { turnBudget } from "../../../../protocols/waits/turn_budget.ts";
import { PushReader } from "../../../../transports/core/read/push_reader.ts";

Deno.test("PushReader.receive() says that memory may be in use when a loan of it goes on", async () => {
  const source: PushSource = { givesMemory: true, start: () => {}, resume: () => {} };
  const work = Promise.withResolvers<void>();
  const lent: Bytes[] = [];
  const delivery = new Delivery({
    borrowsChunks: true,
    dataReceived(chunk): Promise<void> {
      lent.push(chunk);
      return work.promise;
    },
  }, () => {});
  const reader = new PushReader(source, delivery, {
    onReceived: () => {},
    onEof: () => {},
    onReadError: () => {},
  });
  const memory: Bytes = new Uint8Array(16_384).fill(7);
  assertEquals(reader.receive(memory, 10_000), false);
  assertEquals([isLent(memory), lent[0]?.length, lent[0]?.[9999]], [true, 10_000, 7]);
  work.resolve();
  await delivery.delivered();
  assertEquals([memory.length, lent[0]?.length], [0, 0]);
});

Deno.test("PushReader.receive() pauses in a spent turn after a second read, or one that left bytes", async () => {
  const resumed: string[] = [];
  const readerOf = (name: string): PushReader => {
    const source: PushSource = { start: () => {}, resume: () => void resumed.push(name) };
    const events = { onReceived: () => {}, onEof: () => {}, onReadError: () => {} };
    return new PushReader(source, new Delivery({ dataReceived: () => {} }, () => {}), events);
  };
  const [small, other, full] = [readerOf("small"), readerOf("other"), readerOf("full")];
  const memory: Bytes = new Uint8Array(64);
  spendTurn();
  assertEquals(small.receive(memory, 10), true);
  assertEquals(other.receive(memory, 10), true);
  assertEquals(full.receive(memory, 64), false);
  assertEquals(small.receive(memory, 10), false);
  assertEquals(resumed, []);
  await turnBudget.untilRenewed();
  await null;
  assertEquals(resumed.sort(), ["full", "small"]);
  spendTurn();
  assertEquals(small.receive(memory, 10), true);
  await turnBudget.untilRenewed();
});

/** Uses up the time that all loops of this turn have. */
function spendTurn(): void {
  while (!turnBudget.isResting) turnBudget.spend();
  const end = performance.now() + 8;
  while (performance.now() < end);
  while (!turnBudget.spend());
}
