import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import { ReceiveBufferFullError } from "../../../../protocols/errors.ts";
import { ChunkQueue } from "../../../../transports/core/read/chunk_queue.ts";
import { settle } from "../../../support/time/event_loop.ts";
import { decode, encode } from "../../../support/text.ts";

/** The result of the next read, as text; `null` at the end. */
async function next(queue: ChunkQueue, target?: Uint8Array): Promise<string | null> {
  const { done, value } = await queue.next(target);
  return done ? null : decode(value as Bytes);
}

/** Notes when a promise resolves. */
function watch(promise: void | Promise<void>): { isDone: boolean } {
  const state = { isDone: promise === undefined };
  void promise?.then(() => state.isDone = true);
  return state;
}

Deno.test("ChunkQueue gives what was put in, then its end", async () => {
  const queue = new ChunkQueue();
  const first = next(queue);
  queue.put(encode("one"));
  assertEquals(await first, "one");
  queue.put(encode("two"));
  queue.end();
  queue.put(encode("too late"));
  assertEquals([queue.size, queue.hasEnded], [3, true]);
  assertEquals([await next(queue), await next(queue), await next(queue)], ["two", null, null]);
});

Deno.test("ChunkQueue.end() with an error fails reading after what waits, for good", async () => {
  const queue = new ChunkQueue();
  queue.put(encode("before"));
  queue.end(new TypeError("broken"));
  queue.end();
  assertEquals(await next(queue), "before");
  await assertRejects(() => next(queue), TypeError, "broken");
  await assertRejects(() => next(queue), TypeError, "broken");
});

Deno.test("ChunkQueue joins small chunks that wait together, and leaves large ones alone", async () => {
  const queue = new ChunkQueue();
  for (const size of [3, 1000, 2000, 5000, 10, 20]) queue.put(new Uint8Array(size));
  const sizes = [];
  while (queue.size > 0) sizes.push((await queue.next()).value?.length);
  assertEquals(sizes, [4096, 3937]);
  const large = new Uint8Array(5000);
  queue.put(large);
  queue.put(new Uint8Array(1));
  assertEquals((await queue.next()).value === large, true);
});

Deno.test("ChunkQueue.next() gives no more than the target holds", async () => {
  const queue = new ChunkQueue();
  queue.put(encode("abc"));
  queue.put(encode("def"));
  assertEquals(await next(queue, new Uint8Array(2)), "ab");
  assertEquals(await next(queue, new Uint8Array(3)), "cde");
});

Deno.test("ChunkQueue.put() refuses more than the limit, and values that are not bytes", async () => {
  const taken: number[] = [];
  const queue = new ChunkQueue({ limit: 4, onTaken: (bytes) => taken.push(bytes) });
  queue.put(encode("abc"));
  assertThrows(() => queue.put(encode("de")), ReceiveBufferFullError);
  assertThrows(() => queue.put(5 as unknown as Bytes), TypeError);
  assertEquals(await next(queue), "abc");
  queue.put(encode("defg"));
  assertEquals([await next(queue), taken], ["defg", [3, 4]]);
});

Deno.test("ChunkQueue.below() and drained() resolve as the reader takes", async () => {
  const queue = new ChunkQueue();
  assertEquals([queue.drained(), queue.below(9)], [undefined, undefined]);
  queue.put(new Uint8Array(5000));
  queue.put(new Uint8Array(5000));
  const [room, drained] = [watch(queue.below(5001)), watch(queue.drained())];
  await queue.next();
  await settle();
  assertEquals([room.isDone, drained.isDone], [true, false]);
  await queue.next();
  await settle();
  assertEquals(drained.isDone, true);
});

Deno.test("ChunkQueue.starved() waits until the reader asks for more than there is", async () => {
  const queue = new ChunkQueue();
  queue.put(encode("last"));
  const starved = watch(queue.starved());
  await queue.next();
  await settle();
  assertEquals(starved.isDone, false, "the reader may still be busy with it");
  const more = queue.next();
  await settle();
  assertEquals(starved.isDone, true);
  assertEquals(watch(queue.starved()).isDone, false);
  await queue.starved();
  queue.end();
  assertEquals((await more).done, true);
});

Deno.test("ChunkQueue.drop() resolves every wait and accepts nothing more", async () => {
  const queue = new ChunkQueue();
  queue.put(encode("lost"));
  const waits = [queue.drained(), queue.below(1), queue.starved()];
  queue.drop();
  await Promise.all(waits);
  queue.put(encode("also lost"));
  assertEquals([queue.size, queue.isDropping, queue.hasEnded], [0, true, false]);
  const end = next(queue);
  queue.abandon();
  assertEquals(await end, null);
});

Deno.test("ChunkQueue.next() fails when the memory of a chunk that waits is transferred away", async () => {
  const queue = new ChunkQueue();
  const chunk = encode("gone");
  queue.put(chunk);
  chunk.buffer.transfer();
  await assertRejects(() => queue.next(), TypeError, "was transferred away");
});
