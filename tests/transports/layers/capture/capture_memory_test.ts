import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import { CaptureMemory } from "../../../../transports/layers/capture/_capture_memory.ts";

/** About a third of a slab: the fourth of these goes to another one. */
const LENGTH = 160_000;

/** Reserves memory and fills it. */
function put(memory: CaptureMemory, value: number, length = LENGTH): void {
  const start = memory.reserve(length);
  memory.slab.bytes.fill(value, start, start + length);
}

/** The values in a piece, in order, each once for a run of it. */
function runs(piece: Bytes): number[] {
  return [...piece.filter((value, i) => value !== piece[i - 1])];
}

Deno.test("CaptureMemory gives what was reserved in order, slab by slab, and then nothing", () => {
  const memory = new CaptureMemory();
  for (let value = 1; value <= 7; value++) put(memory, value);
  assert(memory.hasFull);
  const taken = [memory.take(), memory.take(), memory.take()];
  assertEquals(taken.map(runs), [[1, 2, 3], [4, 5, 6], [7]]);
  assertEquals(taken.map(({ length }) => length), [3 * LENGTH, 3 * LENGTH, LENGTH]);
  assertFalse(memory.hasFull);
  assertEquals(memory.take().length, 0);
});

Deno.test("CaptureMemory leaves a piece as it is until it is given back, also within a slab", () => {
  const memory = new CaptureMemory();
  put(memory, 1);
  const first = memory.take();
  put(memory, 2);
  const second = memory.take();
  assertStrictEquals(first.buffer, second.buffer);
  for (let value = 3; value <= 9; value++) put(memory, value);
  assertEquals([runs(first), runs(second)], [[1], [2]]);
  // The rest of their slab still waits, so that it is not written to again yet.
  memory.giveBack(first);
  memory.giveBack(second);
  for (let value = 10; value <= 16; value++) put(memory, value);
  assertEquals(runs(memory.take()), [3]);
});

Deno.test("CaptureMemory writes again into memory that was given back", () => {
  const memory = new CaptureMemory();
  put(memory, 1);
  const piece = memory.take();
  memory.giveBack(piece);
  // The slab is empty, so it begins at its start.
  assertEquals(memory.reserve(4), 0);
  for (let value = 2; value <= 4; value++) put(memory, value);
  const full = memory.take();
  assertStrictEquals(full.buffer, piece.buffer);
  memory.giveBack(full);
  for (let value = 5; value <= 7; value++) put(memory, value);
  assertStrictEquals(memory.slab.bytes.buffer, piece.buffer);
});

Deno.test("CaptureMemory.clear() forgets what was not taken", () => {
  const memory = new CaptureMemory();
  for (let value = 1; value <= 4; value++) put(memory, value);
  memory.clear();
  assertFalse(memory.hasFull);
  assertEquals(memory.take().length, 0);
  put(memory, 5, 8);
  assertEquals(runs(memory.take()), [5]);
});
