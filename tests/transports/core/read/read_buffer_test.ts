import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
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
  assertEquals(sizes, [512, 2048, 8192, 32_768, 65_536, 65_536]);
});

Deno.test("ReadBuffer shrinks after 8 reads that use less than a quarter of it", () => {
  const buffer = grownTo(65_536);
  assertEquals(buffer.target.length, 65_536);
  for (let i = 0; i < 7; i++) read(buffer, 100);
  assertEquals(buffer.target.length, 65_536);
  read(buffer, 100);
  assertEquals(buffer.target.length, 16_384);
  for (let i = 0; i < 32; i++) read(buffer, 100);
  assertEquals(buffer.target.length, 512);
  for (let i = 0; i < 20; i++) read(buffer, 1);
  assertEquals(buffer.target.length, 512);
});

Deno.test("ReadBuffer does not shrink when one read in between uses more", () => {
  const buffer = grownTo(8192);
  assertEquals(buffer.target.length, 8192);
  for (let i = 0; i < 30; i++) read(buffer, i % 7 === 0 ? 2048 : 10);
  assertEquals(buffer.target.length, 8192);
});

Deno.test("ReadBuffer copies small chunks out and goes on using its buffer", () => {
  const buffer = new ReadBuffer();
  const { target } = buffer;
  const chunk = read(buffer, 10, 1);
  assertNotStrictEquals(chunk.buffer, target.buffer);
  assertStrictEquals(buffer.target, target);
  read(buffer, 10, 2);
  assert(chunk.every((byte) => byte === 1));
});

Deno.test("ReadBuffer hands large chunks over with the buffer they were read into", () => {
  const buffer = grownTo(8192);
  const { target } = buffer;
  const chunk = read(buffer, 5000, 3);
  assertStrictEquals(chunk.buffer, target.buffer);
  assertEquals(chunk.length, 5000);
  assertNotStrictEquals(buffer.target, target);
});

Deno.test("ReadBuffer copies a chunk that would waste most of a large buffer", () => {
  const buffer = grownTo(65_536);
  const { target } = buffer;
  const chunk = read(buffer, 5000, 4);
  assertEquals([chunk.length, chunk.buffer.byteLength], [5000, 5000]);
  assertStrictEquals(buffer.target, target);
});

Deno.test("ReadBuffer reads behind a large chunk that it gave away", () => {
  const buffer = grownTo(32_768);
  const first = read(buffer, 16_384, 1);
  const second = read(buffer, 16_384, 2);
  assertStrictEquals(second.buffer, first.buffer);
  assertEquals(second.byteOffset, 16_384);
  assertEquals([first.every((byte) => byte === 1), second.every((byte) => byte === 2)], [
    true,
    true,
  ]);
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
  assertEquals(buffer.target.length, 2048);
  while (buffer.target.length < 65_536) buffer.reuse(buffer.target.length);
  const large = buffer.target;
  buffer.reuse(65_536);
  assertStrictEquals(buffer.target, large);
  for (let i = 0; i < 8; i++) buffer.reuse(100);
  assertEquals(buffer.target.length, 16_384);
});
