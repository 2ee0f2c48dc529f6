import { assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../../protocols/contract.ts";
import { MemoryPipe } from "../../../transports/carriers/memory_pipe.ts";
import { settled } from "../../support/fake_carrier.ts";

async function read(pipe: MemoryPipe, target?: Uint8Array): Promise<Bytes | null> {
  const step = await pipe.next(target);
  return step.done ? null : step.value;
}

Deno.test("MemoryPipe gives out what was written, as copies", async () => {
  const pipe = new MemoryPipe();
  const data = new Uint8Array([1, 2, 3]);
  assertEquals(await pipe.write(data), 3);
  data.fill(0);
  assertEquals(await read(pipe), new Uint8Array([1, 2, 3]));
});

Deno.test("MemoryPipe.next() waits for data, and gives no more than the target holds", async () => {
  const pipe = new MemoryPipe();
  const waiting = read(pipe, new Uint8Array(2));
  await pipe.write(new Uint8Array([1, 2, 3]));
  assertEquals(await waiting, new Uint8Array([1, 2]));
  assertEquals(await read(pipe), new Uint8Array([3]));
});

Deno.test("MemoryPipe.write() takes what there is room for, then waits for a reader", async () => {
  const pipe = new MemoryPipe();
  assertEquals(await pipe.write(new Uint8Array(100_000)), 65_536);
  let taken = 0;
  const waiting = pipe.write(new Uint8Array(10)).then((n) => taken = n);
  await settled();
  assertEquals(taken, 0);
  await read(pipe);
  await waiting;
  assertEquals(taken, 10);
});

Deno.test("MemoryPipe.end() comes after the data", async () => {
  const pipe = new MemoryPipe();
  await pipe.write(new Uint8Array([1]));
  pipe.end();
  assertEquals(await read(pipe), new Uint8Array([1]));
  assertEquals(await read(pipe), null);
  assertEquals(await read(pipe), null);
});

Deno.test("MemoryPipe.end() wakes a reader", async () => {
  const pipe = new MemoryPipe();
  const waiting = read(pipe);
  pipe.end();
  assertEquals(await waiting, null);
});

Deno.test("MemoryPipe.abandon() fails writers that wait and that come, and ends reading", async () => {
  const pipe = new MemoryPipe();
  await pipe.write(new Uint8Array(65_536));
  const waiting = assertRejects(() => pipe.write(new Uint8Array(1)), Deno.errors.BrokenPipe);
  pipe.abandon();
  await waiting;
  await assertRejects(() => pipe.write(new Uint8Array(1)), Deno.errors.BrokenPipe);
  assertEquals(await read(pipe), null);
});
