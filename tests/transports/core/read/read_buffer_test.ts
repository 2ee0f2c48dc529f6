import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ReadBuffer } from "../../../../transports/core/read/read_buffer.ts";

/** Reads `n` bytes of `value` into the buffer. */
function read(buffer: ReadBuffer, n: number, value = 0): Uint8Array {
  buffer.target.fill(value, 0, n);
  return buffer.take(n);
}

/** A buffer that reads of its own size have made that large. */
function grownTo(size: number): ReadBuffer {
  const buffer = new ReadBuffer();
  while (buffer.target.length < size) read(buffer, buffer.target.length);
  return buffer;
}

Deno.test("ReadBuffer begins small and grows while reads fill it, up to 64 KiB", () => {
  const buffer = new ReadBuffer();
  const sizes = [];
  for (let i = 0; i < 6; i++) {
    sizes.push(buffer.target.length);
    read(buffer, buffer.target.length);
  }
  assertEquals(sizes, [512, 4096, 32_768, 65_536, 65_536, 65_536]);
});

Deno.test("ReadBuffer shrinks after 8 reads that use less than a quarter of it", () => {
  const buffer = grownTo(65_536);
  assertEquals(buffer.target.length, 65_536);
  for (let i = 0; i < 7; i++) read(buffer, 100);
  assertEquals(buffer.target.length, 65_536);
  read(buffer, 100);
  assertEquals(buffer.target.length, 8192);
  for (let i = 0; i < 32; i++) read(buffer, 100);
  assertEquals(buffer.target.length, 512);
  for (let i = 0; i < 20; i++) read(buffer, 1);
  assertEquals(buffer.target.length, 512);
});

Deno.test("ReadBuffer does not shrink when one read in between uses more", () => {
  const buffer = grownTo(4096);
  assertEquals(buffer.target.length, 4096);
  for (let i = 0; i < 30; i++) read(buffer, i % 7 === 0 ? 1024 : 10);
  assertEquals(buffer.target.length, 4096);
});

Deno.test("ReadBuffer.isOutgrownBy() tells a read that may be followed by a larger one", () => {
  const buffer = new ReadBuffer();
  assertEquals([buffer.isOutgrownBy(511), buffer.isOutgrownBy(512)], [false, true]);
  const large = grownTo(65_536);
  assertEquals(large.isOutgrownBy(65_536), false);
});

Deno.test("ReadBuffer gives every chunk a buffer of its own and goes on using its memory", () => {
  const buffer = grownTo(65_536);
  const { target } = buffer;
  for (const n of [1, 100, 5000, 20_000, 65_535]) {
    const chunk = read(buffer, n, n);
    assertEquals([chunk.length, chunk.byteOffset, chunk.buffer.byteLength], [n, 0, n]);
    assertEquals(chunk.every((byte) => byte === n % 256), true);
    assertEquals(buffer.target === target, true);
  }
});

Deno.test("ReadBuffer gives a full block of the largest size away, and reads into another", () => {
  const buffer = grownTo(65_536);
  const { target } = buffer;
  const chunk = read(buffer, 65_536, 7);
  assertEquals([chunk === target, buffer.target.buffer === chunk.buffer], [true, false]);
  assertEquals(buffer.target.length, 65_536);
});

Deno.test("ReadBuffer never writes to a chunk again", () => {
  const buffer = new ReadBuffer();
  const chunks = [];
  for (let i = 0; i < 200; i++) {
    const n = [1, 100, 2048, 4096, 4097, 8192, 30_000][i % 7] ?? 1;
    chunks.push(read(buffer, Math.min(n, buffer.target.length), i));
  }
  chunks.forEach((chunk, i) => assert(chunk.every((byte) => byte === i % 256), `chunk ${i}`));
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
