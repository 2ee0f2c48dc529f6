import { assertEquals, assertStrictEquals } from "@std/assert";
import { ReadBuffer } from "../../../../transports/core/read/read_buffer.ts";

/** A buffer that reads of its own size have made that large. */
function grownTo(size: number): ReadBuffer {
  const buffer = new ReadBuffer();
  while (buffer.target.length < size) buffer.reuse(buffer.target.length);
  return buffer;
}

Deno.test("ReadBuffer begins small and grows while reads fill it, up to 64 KiB", () => {
  const buffer = new ReadBuffer();
  const sizes = [];
  for (let i = 0; i < 6; i++) {
    sizes.push(buffer.target.length);
    buffer.reuse(buffer.target.length);
  }
  assertEquals(sizes, [512, 4096, 32_768, 65_536, 65_536, 65_536]);
});

Deno.test("ReadBuffer shrinks after 8 reads that use less than a quarter of it", () => {
  const buffer = grownTo(65_536);
  assertEquals(buffer.target.length, 65_536);
  for (let i = 0; i < 7; i++) buffer.reuse(100);
  assertEquals(buffer.target.length, 65_536);
  buffer.reuse(100);
  assertEquals(buffer.target.length, 8192);
  for (let i = 0; i < 32; i++) buffer.reuse(100);
  assertEquals(buffer.target.length, 512);
  for (let i = 0; i < 20; i++) buffer.reuse(1);
  assertEquals(buffer.target.length, 512);
});

Deno.test("ReadBuffer does not shrink when one read in between uses more", () => {
  const buffer = grownTo(4096);
  assertEquals(buffer.target.length, 4096);
  for (let i = 0; i < 30; i++) buffer.reuse(i % 7 === 0 ? 1024 : 10);
  assertEquals(buffer.target.length, 4096);
});

Deno.test("ReadBuffer.isOutgrownBy() tells a read that may be followed by a larger one", () => {
  const buffer = new ReadBuffer();
  assertEquals([buffer.isOutgrownBy(511), buffer.isOutgrownBy(512)], [false, true]);
  const large = grownTo(65_536);
  assertEquals(large.isOutgrownBy(65_536), false);
});

Deno.test("ReadBuffer reads into other memory of the same size when the last was taken away", () => {
  const buffer = grownTo(4096);
  const { target } = buffer;
  target.buffer.transfer();
  assertEquals([target.length, buffer.target.length], [0, 4096]);
});

Deno.test("ReadBuffer.reuse() has the next read go to the same memory, and adapts its size", () => {
  const buffer = new ReadBuffer();
  const first = buffer.target;
  buffer.reuse(100);
  assertStrictEquals(buffer.target, first);
  buffer.reuse(first.length);
  assertEquals(buffer.target.length, 4096);
  while (buffer.target.length < 65_536) buffer.reuse(buffer.target.length);
  const large = buffer.target;
  buffer.reuse(65_536);
  assertStrictEquals(buffer.target, large);
  for (let i = 0; i < 8; i++) buffer.reuse(100);
  assertEquals(buffer.target.length, 8192);
});
