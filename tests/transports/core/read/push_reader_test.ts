import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { PushSource } from "../../../../transports/core/carrier.ts";
import { isLent } from "../../../../transports/core/memory/loan.ts";
import { Delivery } from "../../../../transports/core/read/delivery.ts";
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
