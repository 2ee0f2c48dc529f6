import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BumpSlab } from "../../transports/bump_slab.ts";

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

Deno.test("BumpSlab.extend() makes the last slice longer in place", () => {
  const slab = new BumpSlab();
  const slice = slab.copy(bytes(1));
  const extended = slab.extend(slice, bytes(2, 3));
  assertEquals(extended, bytes(1, 2, 3));
  assertStrictEquals(extended?.buffer, slice.buffer);
  assertEquals(slice, bytes(1));
});

Deno.test("BumpSlab.extend() refuses what is not last, not its own, or has no room", () => {
  const slab = new BumpSlab();
  const first = slab.copy(bytes(1));
  const second = slab.copy(bytes(2));
  assertEquals(slab.extend(first, bytes(9)), null);
  assertEquals(slab.extend(bytes(1), bytes(9)), null);
  assertEquals(slab.extend(second, new Uint8Array(16_383)), null);
  assertEquals(slab.extend(second, new Uint8Array(16_382))?.length, 16_383);
});
