import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { SEGMENT_SIZE, WriteSegment } from "../../../../transports/core/write/write_segment.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

Deno.test("WriteSegment.hold() copies what it is given", () => {
  const segment = WriteSegment.own();
  const original = bytes(1, 2);
  const held = segment.hold(original);
  original.fill(0);
  assertEquals(held, bytes(1, 2));
});

Deno.test("WriteSegment.extend() makes what was held last longer in place", () => {
  const segment = WriteSegment.own();
  const held = segment.hold(bytes(1));
  const extended = segment.extend(held, bytes(2, 3));
  assertEquals(extended, bytes(1, 2, 3));
  assertStrictEquals(extended?.buffer, held.buffer);
  assertEquals(held, bytes(1));
});

Deno.test("WriteSegment.extend() refuses what something follows, and what has no room", () => {
  const segment = WriteSegment.own();
  const first = segment.hold(bytes(1));
  const second = segment.hold(bytes(2));
  assertEquals(segment.extend(first, bytes(9)), null);
  assertEquals(segment.extend(second, new Uint8Array(SEGMENT_SIZE - 1)), null);
  assertEquals(segment.extend(second, new Uint8Array(SEGMENT_SIZE - 2))?.length, SEGMENT_SIZE - 1);
});

Deno.test("WriteSegment.release() gives a segment back once everybody has released it", () => {
  const segment = WriteSegment.own();
  segment.hold(bytes(1));
  segment.hold(bytes(2));
  segment.release();
  assertNotStrictEquals(WriteSegment.own(), segment);
  segment.release();
  assertStrictEquals(WriteSegment.own(), segment);
});

Deno.test("WriteSegment.shared() is one for all until it is full", () => {
  const shared = WriteSegment.shared(1);
  shared.hold(bytes(1));
  assertStrictEquals(WriteSegment.shared(1), shared);
  assertNotStrictEquals(WriteSegment.shared(SEGMENT_SIZE), shared);
});

Deno.test("WriteSegment.shared() is used from its start again when all was released", () => {
  const shared = WriteSegment.shared(8);
  const first = shared.hold(bytes(1, 2));
  shared.release();
  const again = WriteSegment.shared(8).hold(bytes(3));
  assertEquals([again.buffer === first.buffer, again.byteOffset], [true, first.byteOffset]);
});
