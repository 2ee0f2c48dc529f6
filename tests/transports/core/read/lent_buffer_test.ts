import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import { LentBuffer } from "../../../../transports/core/read/lent_buffer.ts";

/** The buffer of a protocol with room for `size` bytes, and what it was told of. */
function lentBuffer(size: number): { buffer: LentBuffer; taken: number[] } {
  const memory = new Uint8Array(size);
  const taken: number[] = [];
  const protocol = {
    getBuffer: () => memory,
    bufferUpdated: (n: number) => void taken.push(...memory.subarray(0, n)),
  };
  const buffer = LentBuffer.of(protocol, (_callback, thrown) => {
    throw thrown;
  });
  assert(buffer !== null);
  return { buffer, taken };
}

Deno.test("LentBuffer copies the bytes that a small buffer has no room for once", () => {
  const { buffer, taken } = lentBuffer(2);
  const waiting: Bytes[] = [];
  const chunk = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  buffer.take(chunk, false, waiting);
  // It may be read into again at once.
  chunk.fill(0);
  const first = waiting.shift();
  assert(first !== undefined);
  assertNotStrictEquals(first.buffer, chunk.buffer);
  for (let rest: Bytes | undefined = first; rest !== undefined; rest = waiting.shift()) {
    assertStrictEquals(rest.buffer, first.buffer);
    buffer.take(rest, false, waiting);
  }
  assertEquals(taken, [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("LentBuffer copies each chunk whose memory may have another user", () => {
  const { buffer, taken } = lentBuffer(2);
  const memory = new Uint8Array(4);
  for (const value of [1, 2]) {
    memory.fill(value);
    const waiting: Bytes[] = [];
    buffer.take(memory, false, waiting);
    memory.fill(0);
    const rest = waiting.shift();
    assert(rest !== undefined);
    buffer.take(rest, false, waiting);
    assertEquals(waiting, []);
  }
  assertEquals(taken, [1, 1, 1, 1, 2, 2, 2, 2]);
});
