import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BumpSlab } from "../../../../transports/core/read/bump_slab.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

Deno.test("BumpSlab.copy() gives copies that share one block and not their bytes", () => {
  const slab = new BumpSlab();
  const original = bytes(1, 2);
  const first = slab.copy(original);
  const second = slab.copy(bytes(3));
  original.fill(0);
  first.fill(9);
  assertEquals([first, second], [bytes(9, 9), bytes(3)]);
  assertStrictEquals(first.buffer, second.buffer);
});

Deno.test("BumpSlab.copy() begins a new block when the old one is full", () => {
  const slab = new BumpSlab();
  const first = slab.copy(new Uint8Array(16_000));
  const fits = slab.copy(new Uint8Array(384));
  const next = slab.copy(bytes(1));
  assertStrictEquals(first.buffer, fits.buffer);
  assertNotStrictEquals(fits.buffer, next.buffer);
  assertEquals(next, bytes(1));
});

Deno.test("BumpSlab.copy() copies only the first bytes if it is told how many", () => {
  assertEquals(new BumpSlab().copy(bytes(1, 2, 3), 2), bytes(1, 2));
});
