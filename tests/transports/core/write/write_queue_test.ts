import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Random } from "../../../../testing/conformance/random.ts";
import { assertSameBytes } from "../../../../testing/conformance/same_bytes.ts";
import { Loan, markOverwritten } from "../../../../transports/core/memory/loan.ts";
import { takeMemory } from "../../../../transports/core/memory/memory_pool.ts";
import type { Carrier } from "../../../../transports/core/carrier.ts";
import { END, SystemPiece } from "../../../../transports/core/write/piece.ts";
import { WriteQueue } from "../../../../transports/core/write/write_queue.ts";
import { FakeSource } from "../../../support/doubles/fake_carrier.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The bytes that the next operation is given. */
function peek(queue: WriteQueue): Uint8Array | undefined {
  const carrier = new OneWrite();
  queue.first?.send(carrier);
  return carrier.bytes;
}

/** A carrier that keeps what it is given. */
class OneWrite implements Carrier {
  readonly source: FakeSource = new FakeSource();
  bytes: Uint8Array | undefined;

  write(bytes: Uint8Array): number {
    this.bytes = bytes;
    return bytes.length;
  }

  close(): void {}

  getExtraInfo(): undefined {}
}

/** Everything that is queued, taken out as whole operations. */
function takeAll(queue: WriteQueue): Uint8Array[] {
  const taken = [];
  for (let next = peek(queue); next !== undefined; next = peek(queue)) {
    taken.push(next.slice());
    queue.consume(next.length);
  }
  return taken;
}

Deno.test("WriteQueue.first is null when nothing is queued", () => {
  const queue = new WriteQueue();
  assertEquals([queue.first, queue.size, queue.consume(0)], [null, 0, 0]);
});

Deno.test("WriteQueue gathers small writes into one operation", () => {
  const queue = new WriteQueue();
  queue.push(bytes(1, 2), false);
  queue.push(bytes(3), false);
  queue.push(bytes(4, 5, 6), false);
  assertEquals(queue.size, 6);
  assertEquals(takeAll(queue), [bytes(1, 2, 3, 4, 5, 6)]);
  assertEquals(queue.size, 0);
});

Deno.test("WriteQueue copies up to 16 KiB and sends more without a copy", () => {
  for (const size of [1, 2047, 2048, 2049, 16_383, 16_384]) {
    const queue = new WriteQueue();
    const data = new Uint8Array(size).fill(1);
    queue.push(data, false);
    assertNotStrictEquals(peek(queue)?.buffer, data.buffer, `${size} bytes`);
    data.fill(9);
    assertEquals(peek(queue)?.every((byte) => byte === 1), true, `${size} bytes`);
  }
  const queue = new WriteQueue();
  const large = new Uint8Array(16_385);
  queue.push(large, false);
  assertStrictEquals(peek(queue), large);
});

Deno.test("WriteQueue.push() copies data of any size that may be overwritten", () => {
  const random = new Random(1);
  for (const size of [16_385, 65_536, 65_537, 200_000]) {
    const queue = new WriteQueue();
    const data = random.bytes(size);
    const original = data.slice();
    queue.push(bytes(7), false);
    markOverwritten(data.buffer);
    queue.push(data, false);
    data.fill(0);
    queue.consume(1);
    const taken = takeAll(queue);
    assertSameBytes(new Uint8Array(taken.flatMap((piece) => [...piece])), original);
  }
});

Deno.test("WriteQueue.push() keeps lent bytes without a copy: their memory moves to it", () => {
  const queue = new WriteQueue();
  const memory = new Uint8Array(70_001).fill(1);
  const loan = Loan.begin(memory.buffer);
  queue.push(memory.subarray(1, 60_001), false);
  queue.push(memory.subarray(0, 10), false);
  memory[1] = 2;
  loan.end(undefined);
  assertEquals(memory.length, 0);
  const first = peek(queue);
  assertEquals([first?.length, first?.byteOffset, first?.[0], first?.[1]], [60_000, 1, 2, 1]);
  queue.consume(60_000);
  // Sent, the memory is used again.
  assertEquals(first?.length, 0);
  assertEquals(takeMemory(70_001).byteLength, 70_001);
  assertEquals(takeAll(queue), [new Uint8Array(10).fill(1)]);
});

Deno.test("WriteQueue.push() of bytes that are its own uses their memory again once they are sent", () => {
  for (const size of [600, 16_384, 16_385, 100_003]) {
    const queue = new WriteQueue();
    const given = new Uint8Array(size).fill(3);
    queue.push(given, true);
    assertEquals(takeAll(queue), [new Uint8Array(size).fill(3)]);
    assertEquals(given.length, 0);
    assertEquals(new Uint8Array(takeMemory(size))[0], 3, `${size} bytes are not used again`);
  }
});

Deno.test("WriteQueue.consume() of a part leaves exactly the rest", () => {
  const queue = new WriteQueue();
  queue.push(bytes(1, 2, 3), false);
  queue.consume(2);
  assertEquals([peek(queue), queue.size], [bytes(3), 1]);
  queue.push(bytes(4), false);
  assertEquals(takeAll(queue), [bytes(3, 4)]);
});

Deno.test("WriteQueue keeps the bytes of an operation while more are pushed", () => {
  const queue = new WriteQueue();
  queue.push(bytes(1, 2), false);
  const underWay = peek(queue);
  queue.push(bytes(3, 4), false);
  assertEquals(underWay, bytes(1, 2));
  queue.consume(2);
  assertEquals(peek(queue), bytes(3, 4));
});

Deno.test("WriteQueue.clear() forgets everything, and what is under way stays as it was", () => {
  const queue = new WriteQueue();
  queue.push(new Uint8Array(5000).fill(5), false);
  const underWay = peek(queue);
  queue.clear();
  assertEquals([queue.size, peek(queue)], [0, undefined]);
  const other = new WriteQueue();
  other.push(new Uint8Array(5000).fill(6), false);
  assert(underWay?.every((byte) => byte === 5), "another connection wrote over it");
});

Deno.test("WriteQueues do not disturb each other under random operations", () => {
  const random = new Random(7);
  const queues = Array.from({ length: 5 }, () => ({
    queue: new WriteQueue(),
    pushed: new Uint8Array(2_000_000),
    taken: new Uint8Array(2_000_000),
    pushedLength: 0,
    takenLength: 0,
  }));
  for (let i = 0; i < 3000; i++) {
    const one = random.pick(queues[0], ...queues);
    if (one === undefined) continue;
    const data = random.bytes(1 + random.below(random.pick(10, 3000, 40_000)));
    if (random.below(2) === 0 && one.pushedLength + data.length <= one.pushed.length) {
      one.pushed.set(data, one.pushedLength);
      one.pushedLength += data.length;
      if (random.below(4) === 0) one.queue.push(data.slice(), true);
      else one.queue.push(data, false);
    }
    const next = peek(one.queue);
    if (next !== undefined && random.below(2) === 0) {
      const n = 1 + random.below(next.length);
      one.taken.set(next.subarray(0, n), one.takenLength);
      one.takenLength += n;
      one.queue.consume(n);
    }
    assertEquals(one.queue.size, one.pushedLength - one.takenLength);
  }
  for (const { taken, takenLength, pushed } of queues) {
    assertSameBytes(taken.subarray(0, takenLength), pushed.subarray(0, takenLength));
  }
});

Deno.test("WriteQueue sends nothing of memory that it does not own and that has gone", () => {
  const queue = new WriteQueue();
  const memory = new Uint8Array(20_000);
  queue.push(memory, false);
  assertEquals(queue.first?.isGone, false);
  memory.buffer.transfer();
  assertEquals(queue.first?.isGone, true);
  assertThrows(() => peek(queue), TypeError, "Memory of 20000 bytes that waited to be sent");
  assertEquals([queue.consume(5), queue.size], [5, 19_995]);
  assertThrows(() => peek(queue), TypeError, "was transferred away or has shrunk");
  // An operation that read all of it before does not need it.
  assertEquals([queue.consume(19_995), queue.first], [19_995, null]);
});

Deno.test("WriteQueue.consume() of nothing ends a piece that may be empty, and no other one", () => {
  const queue = new WriteQueue();
  let ended = 0;
  queue.add(new SystemPiece({ send: () => 0, end: () => ended++ }, 100));
  queue.push(bytes(1), false);
  queue.add(END);
  assertEquals([queue.size, queue.consume(40), queue.size, ended], [101, 40, 61, 0]);
  assertEquals([queue.consume(0), queue.size, ended], [60, 1, 1]);
  assertThrows(() => queue.consume(0), RangeError, "0 of 1 bytes");
  queue.consume(1);
  assertEquals([queue.size, queue.first], [0, END]);
  assertThrows(() => queue.consume(1), RangeError, "1 of 0 bytes");
  assertEquals([queue.consume(0), queue.first], [0, null]);
});

Deno.test("WriteQueue.consume() refuses counts that a carrier cannot have sent", () => {
  const queue = new WriteQueue();
  queue.push(new Uint8Array(10), false);
  for (const n of [0, -1, 11, 1.5, NaN]) {
    assertThrows(() => queue.consume(n), RangeError, `${n} of 10 bytes`);
  }
  queue.consume(4);
  assertEquals([queue.size, peek(queue)?.length], [6, 6]);
});

Deno.test("WriteQueue.push() encodes text of any length as UTF-8, between bytes", () => {
  const texts = [
    "a",
    "short é",
    "x".repeat(48),
    "😀".repeat(30),
    "half \ud800",
    "ü".repeat(5461),
    "€".repeat(5462),
    "long ".repeat(30_000),
    "\0",
  ];
  const queue = new WriteQueue();
  for (const text of texts) {
    queue.push(text, false);
    queue.push(bytes(0xff), false);
  }
  const parts = texts.flatMap((text) => [...new TextEncoder().encode(text), 0xff]);
  assertEquals(queue.size, parts.length);
  const taken = takeAll(queue);
  assertSameBytes(new Uint8Array(taken.flatMap((piece) => [...piece])), new Uint8Array(parts));
  assertEquals(queue.size, 0);
});

Deno.test("WriteQueue lets text follow what an operation has already, and keeps both", () => {
  const queue = new WriteQueue();
  queue.push("one", false);
  const first = peek(queue);
  queue.push("two", false);
  assertEquals(new TextDecoder().decode(first), "one");
  queue.consume(3);
  assertEquals(new TextDecoder().decode(peek(queue)), "two");
  queue.consume(1);
  queue.push("!", false);
  assertEquals(new TextDecoder().decode(peek(queue)), "wo!");
});
