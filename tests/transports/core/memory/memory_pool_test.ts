import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import { detach, giveMemory, takeMemory } from "../../../../transports/core/memory/memory_pool.ts";

Deno.test("giveMemory() detaches, and takeMemory() of the same size gets it", () => {
  const view = new Uint8Array(30_011).fill(7);
  giveMemory(view.buffer);
  assertEquals([view.length, view.buffer.detached], [0, true]);
  const again = new Uint8Array(takeMemory(30_011));
  assertEquals([again.length, again[0]], [30_011, 7]);
  assertNotStrictEquals(again.buffer, view.buffer);
  assertEquals(new Uint8Array(takeMemory(30_011))[0], 0, "it was given out twice");
});

Deno.test("giveMemory() of small memory detaches it, and keeps nothing", () => {
  const view = new Uint8Array(511).fill(7);
  giveMemory(view.buffer);
  assertEquals(view.length, 0);
  assertEquals(new Uint8Array(takeMemory(511))[0], 0);
});

Deno.test("giveMemory() ignores memory that is gone, or cannot be transferred", () => {
  const gone = new ArrayBuffer(1000);
  gone.transfer();
  giveMemory(gone);
  const buffer = new WebAssembly.Memory({ initial: 1 }).buffer as ArrayBuffer;
  giveMemory(buffer);
  assertEquals([buffer.byteLength, detach(buffer), detach(gone)], [65_536, null, null]);
});

Deno.test("giveMemory() keeps no more than 4 MiB", () => {
  for (let i = 0; i < 70; i++) giveMemory(new Uint8Array(99_991).fill(1).buffer);
  let kept = 0;
  while (new Uint8Array(takeMemory(99_991))[0] === 1) kept++;
  assert(kept > 0 && kept * 99_991 <= 4_194_304, `${kept} are kept`);
  giveMemory(new Uint8Array(4_194_305).fill(1).buffer);
  assertEquals(new Uint8Array(takeMemory(4_194_305))[0], 0);
});
