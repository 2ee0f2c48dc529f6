import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { AnyProtocol, BufferedProtocolCallbacks } from "../../../../protocols/contract.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { Delivery } from "../../../../transports/core/read/delivery.ts";
import { isLent } from "../../../../transports/core/memory/loan.ts";
import { settle } from "../../../support/time/event_loop.ts";

const chunk = (...values: number[]): Bytes => Uint8Array.from(values);
const bytes = (n: number): Bytes => new Uint8Array(n).fill(7);

/** A delivery, the errors it told, and what its protocol was handed. */
function deliveryTo(makeProtocol: (received: number[][]) => AnyProtocol): {
  delivery: Delivery;
  received: number[][];
  errors: string[];
} {
  const received: number[][] = [];
  const errors: string[] = [];
  const delivery = new Delivery(
    makeProtocol(received),
    (callback, thrown) => errors.push(`${callback}: ${thrown}`),
  );
  return { delivery, received, errors };
}

const recording = (received: number[][]): AnyProtocol => ({
  dataReceived: (data) => void received.push([...data]),
});

/** A protocol that lends buffers of `size` bytes. */
function lender(received: number[][], size: number): BufferedProtocolCallbacks {
  let buffer = new Uint8Array(0);
  return {
    getBuffer: () => buffer = new Uint8Array(size),
    bufferUpdated: (bytes) => void received.push([...buffer.subarray(0, bytes)]),
  };
}

Deno.test("Delivery.push() hands a chunk over at once and is done", () => {
  const { delivery, received } = deliveryTo(recording);
  assertEquals(delivery.push(chunk(1)), undefined);
  assertEquals(received, [[1]]);
});

Deno.test("Delivery.push() to a protocol without dataReceived() is done", () => {
  const { delivery } = deliveryTo(() => ({}));
  assertEquals(delivery.push(chunk(1)), undefined);
});

Deno.test("Delivery.push() waits while paused, in order, and resolves when all is delivered", async () => {
  const { delivery, received } = deliveryTo(recording);
  delivery.pause();
  assertEquals([delivery.paused, delivery.isReady], [true, false]);
  const first = delivery.push(chunk(1));
  const second = delivery.push(chunk(2));
  await settle();
  assertEquals(received, []);
  delivery.resume();
  assertEquals(received, [], "delivered inside resume()");
  await Promise.all([first, second]);
  assertEquals(received, [[1], [2]]);
  assertEquals(delivery.isReady, true);
});

Deno.test("Delivery.push() waits for the promise of the chunk before", async () => {
  const work = Promise.withResolvers<void>();
  const { delivery, received } = deliveryTo((list) => ({
    dataReceived: (data) => {
      list.push([...data]);
      return work.promise;
    },
  }));
  const first = delivery.push(chunk(1));
  void delivery.push(chunk(2));
  await settle();
  assertEquals(received, [[1]]);
  work.resolve();
  await first;
  assertEquals(received, [[1], [2]]);
});

Deno.test("Delivery.hold() has chunks wait, in order", async () => {
  const { delivery, received } = deliveryTo((list) => ({
    dataReceived: (data) => void list.push([...data]),
  }));
  const until = Promise.withResolvers<void>();
  delivery.hold(until.promise);
  void delivery.push(chunk(1));
  const last = delivery.push(chunk(2));
  await settle();
  assertEquals(received, []);
  until.resolve();
  await last;
  assertEquals(received, [[1], [2]]);
});

Deno.test("Delivery.push() inside a callback comes after that callback", async () => {
  const { delivery, received } = deliveryTo((list) => ({
    dataReceived: (data) => {
      if (data[0] === 1) void delivery.push(chunk(2));
      list.push([...data]);
    },
  }));
  await delivery.push(chunk(1));
  assertEquals(received, [[1], [2]]);
});

Deno.test("Delivery.stop() drops what waits and what comes", async () => {
  const { delivery, received } = deliveryTo(recording);
  delivery.pause();
  const waiting = delivery.push(chunk(1));
  const ready = delivery.ready();
  delivery.stop();
  await Promise.all([waiting, ready]);
  assertEquals(delivery.push(chunk(2)), undefined);
  delivery.unshift(chunk(3));
  delivery.resume();
  await settle();
  assertEquals([received, delivery.stopped], [[], true]);
});

Deno.test("Delivery.unshift() comes before what waits, and not before it returns", async () => {
  const { delivery, received } = deliveryTo(recording);
  delivery.unshift(chunk(1));
  assertEquals(received, []);
  await delivery.ready();
  assertEquals(received, [[1]]);
  delivery.pause();
  void delivery.push(chunk(3));
  delivery.unshift(chunk(2));
  delivery.resume();
  await delivery.ready();
  assertEquals(received, [[1], [2], [3]]);
});

Deno.test("Delivery.unshift() inside a callback comes next", async () => {
  const { delivery, received } = deliveryTo((list) => ({
    dataReceived: (data) => {
      list.push([...data]);
      if (data.length > 1) delivery.unshift(data.subarray(1));
    },
  }));
  await delivery.push(chunk(1, 2, 3));
  assertEquals(received, [[1, 2, 3], [2, 3], [3]]);
});

Deno.test("Delivery.takeWaiting() takes back what was not delivered", async () => {
  const { delivery, received } = deliveryTo(recording);
  delivery.pause();
  void delivery.push(chunk(1));
  void delivery.push(chunk(2));
  assertEquals(delivery.takeWaiting(), [chunk(1), chunk(2)]);
  delivery.resume();
  await delivery.ready();
  assertEquals(received, []);
});

Deno.test("Delivery tells what dataReceived() throws and rejects with, and does not throw itself", async () => {
  const { delivery, errors } = deliveryTo(() => ({
    dataReceived: (data) => {
      if (data[0] === 1) throw new SyntaxError("thrown");
      return Promise.reject(new SyntaxError("rejected"));
    },
  }));
  await delivery.push(chunk(1));
  await delivery.push(chunk(2));
  assertEquals(errors, [
    "dataReceived: SyntaxError: thrown",
    "dataReceived: SyntaxError: rejected",
  ]);
});

Deno.test("Delivery.lend() gives the buffer of a buffered protocol, and none of another", () => {
  const { delivery } = deliveryTo((list) => lender(list, 4));
  assertEquals(delivery.lend()?.length, 4);
  delivery.protocol = {};
  assertEquals(delivery.lend(), undefined);
});

Deno.test("Delivery does not copy what was read into the protocol's own buffer", async () => {
  const { delivery, received } = deliveryTo((list) => lender(list, 4));
  const lent = delivery.lend();
  lent?.set([1, 2]);
  // Lent above, over plain memory.
  await delivery.push(lent?.subarray(0, 2) as Bytes);
  assertEquals(received, [[1, 2]]);
});

Deno.test("Delivery copies into as many buffers as a chunk from elsewhere needs", async () => {
  const { delivery, received } = deliveryTo((list) => lender(list, 2));
  delivery.lend();
  await delivery.push(chunk(1, 2, 3, 4, 5));
  assertEquals(received, [[1, 2], [3, 4], [5]]);
});

Deno.test("Delivery reports an empty buffer and a getBuffer() that throws", async () => {
  let answer = () => new Uint8Array(0);
  const { delivery, errors } = deliveryTo(() => ({ getBuffer: () => answer() }));
  assertEquals(delivery.lend(), undefined);
  answer = () => {
    throw new SyntaxError("thrown");
  };
  assertEquals(delivery.lend(), undefined);
  assertEquals(errors.map((text) => text.split(":", 2).join()), [
    "getBuffer, InvalidStateError",
    "getBuffer, SyntaxError",
  ]);
  assertEquals(new InvalidStateError("x").name, "InvalidStateError");
  delivery.stop();
  await settle();
});

Deno.test("Delivery gives a plain protocol a copy of what was read into another's buffer", async () => {
  const { delivery } = deliveryTo((list) => lender(list, 4));
  const lent = delivery.lend();
  const kept: Bytes[] = [];
  delivery.protocol = { dataReceived: (data) => void kept.push(data) };
  lent?.set([1, 2]);
  await delivery.push(lent?.subarray(0, 2) as Bytes);
  lent?.fill(9);
  assertEquals(kept, [chunk(1, 2)]);
});

Deno.test("Delivery gives a second buffered protocol the bytes that went into the first one's buffer", async () => {
  const { delivery, received } = deliveryTo((list) => lender(list, 10));
  const lent = delivery.lend();
  const second: number[][] = [];
  delivery.protocol = lender(second, 3);
  lent?.set([1, 2, 3, 4, 5, 6, 7]);
  await delivery.push(lent?.subarray(0, 7) as Bytes);
  assertEquals([received, second], [[], [[1, 2, 3], [4, 5, 6], [7]]]);
});

Deno.test("Delivery lends a protocol that borrows a copy of what was read into another's buffer", () => {
  const lent: Bytes[] = [];
  const contents: number[][] = [];
  const { delivery } = deliveryTo((received) => lender(received, 4));
  const target = delivery.lend();
  delivery.protocol = {
    borrowsChunks: true,
    dataReceived: (data) => {
      lent.push(data);
      contents.push([...data]);
    },
  };
  target?.set([1, 2]);
  delivery.push(target?.subarray(0, 2) as Bytes, target);
  assertEquals(contents, [[1, 2]]);
  assertEquals(lent.map(({ length }) => length), [0]);
  assertEquals(target?.length, 4);
});

Deno.test("Delivery lets a plain protocol keep what is left of another protocol's buffer", async () => {
  const { delivery } = deliveryTo((list) => lender(list, 8));
  const kept: Bytes[] = [];
  const plain: AnyProtocol = { dataReceived: (data) => void kept.push(data) };
  const lent = delivery.lend();
  lent?.set([1, 2, 3, 4]);
  // Takes two bytes, then lets the plain one have the rest, which still lie where they were read
  // to.
  delivery.protocol = {
    getBuffer: () => new Uint8Array(2),
    bufferUpdated: () => void (delivery.protocol = plain),
  };
  await delivery.push(lent?.subarray(0, 4) as Bytes);
  lent?.fill(9);
  assertEquals(kept, [chunk(3, 4)]);
});

Deno.test("Delivery.lend() marks the memory that may be overwritten, for every writer", () => {
  const { delivery } = deliveryTo((list) => lender(list, 4));
  const lent = delivery.lend();
  assertEquals(isLent(lent?.subarray(1, 2) ?? chunk()), true);
  assertEquals(isLent(chunk(1)), false);
});

Deno.test("Delivery lends chunks to a protocol that borrows them, and takes them back", async () => {
  const chunks: Bytes[] = [];
  const seen: number[][] = [];
  const work = Promise.withResolvers<void>();
  const { delivery } = deliveryTo(() => ({
    borrowsChunks: true,
    dataReceived: (data) => {
      seen.push([...data]);
      chunks.push(data);
      return seen.length === 2 ? work.promise : undefined;
    },
  }));
  const memory = Uint8Array.of(1, 2, 3, 4);
  assertEquals(delivery.receive(memory, 2, true), undefined);
  assertEquals([chunks[0]?.length, memory.length], [0, 0]);
  const settled = delivery.push(chunk(5, 6), undefined, true);
  await Promise.resolve();
  assertEquals([...chunks[1] ?? []], [5, 6]);
  work.resolve();
  await settled;
  assertEquals(chunks[1]?.length, 0);
  assertEquals(seen, [[1, 2], [5, 6]]);
});

Deno.test("Delivery.receive() lends memory where it lies unless that is too much, and copies it else", async () => {
  const sizes: number[] = [];
  const work = Promise.withResolvers<void>();
  const { delivery } = deliveryTo(() => ({
    borrowsChunks: true,
    dataReceived: ({ length, buffer }): unknown => {
      sizes.push(length, buffer.byteLength);
      return sizes.length === 8 ? work.promise : undefined;
    },
  }));
  const [some, most, kept] = [bytes(65_536), bytes(65_536), bytes(65_536)];
  const spared = bytes(4096);
  delivery.receive(some, 16_383, true);
  delivery.receive(most, 16_384, true);
  delivery.receive(spared, 4000, false);
  assertEquals([some, most, spared].map(({ length }) => length), [65_536, 0, 4096]);
  // A loan that goes on keeps its memory, and what waits for it is a copy.
  const settled = delivery.receive(kept, 40_000, true);
  void delivery.receive(spared, 100, true);
  assertEquals([kept.length, spared.length], [65_536, 4096]);
  work.resolve();
  await settled;
  assertEquals(kept.length, 0);
  const expected = [[16_383, 32_768], [16_384, 65_536], [4000, 4096], [40_000, 65_536], [100, 100]];
  assertEquals(sizes, expected.flat());
});

Deno.test("Delivery.receive() gives a copy, or memory that is filled and may be taken away", () => {
  const chunks: Bytes[] = [];
  const { delivery } = deliveryTo(() => ({ dataReceived: (data) => void chunks.push(data) }));
  const large = bytes(8192);
  delivery.receive(large, 8191, true);
  delivery.receive(large, 8192, false);
  assertEquals(large.length, 8192);
  delivery.receive(large, 8192, true);
  assertEquals(large.length, 0);
  const small = bytes(8191);
  delivery.receive(small, 8191, true);
  assertEquals(small.length, 8191);
  for (const { length, buffer } of chunks) assertEquals(buffer.byteLength, length);
  assertEquals(chunks.map(({ length }) => length), [8191, 8192, 8192, 8191]);
  assertEquals(chunks.every((data) => data.every((byte) => byte === 7)), true);
});

Deno.test("Delivery lends a copy of bytes of which it knows nothing", async () => {
  const seen: number[][] = [];
  const { delivery } = deliveryTo(() => ({
    borrowsChunks: true,
    dataReceived: (data) => void seen.push([...data]),
  }));
  const slab = Uint8Array.of(1, 2, 3);
  await delivery.push(slab.subarray(0, 2));
  await delivery.push(new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer) as Bytes);
  assertEquals(slab, Uint8Array.of(1, 2, 3));
  assertEquals(seen.map(({ length }) => length), [2, 65_536]);
});

Deno.test("Delivery lends copies of memory that others may go on using", async () => {
  const seen: number[][] = [];
  const { delivery } = deliveryTo(() => ({
    borrowsChunks: true,
    dataReceived: (data) => void seen.push([...data]),
  }));
  const theirs = chunk(1, 2);
  delivery.push(theirs);
  delivery.push(theirs);
  delivery.unshift(theirs);
  await delivery.ready();
  assertEquals(seen, [[1, 2], [1, 2], [1, 2]]);
  assertEquals(theirs, Uint8Array.of(1, 2));
});

Deno.test("Delivery.protocol receives the next chunks", async () => {
  const { delivery, received } = deliveryTo(recording);
  delivery.pause();
  void delivery.push(chunk(1));
  const next: AnyProtocol = { dataReceived: (data) => void received.push([0, ...data]) };
  delivery.protocol = next;
  assertStrictEquals(delivery.protocol, next);
  delivery.resume();
  await delivery.ready();
  assertEquals(received, [[0, 1]]);
});

Deno.test("Delivery passes on chunks with a buffer of their own, from any kind of memory", async () => {
  const chunks: Uint8Array[] = [];
  const delivery = new Delivery({ dataReceived: (data) => void chunks.push(data) }, () => {});
  const whole = Uint8Array.of(9, 1, 2, 9);
  const shared = new Uint8Array(new SharedArrayBuffer(2)) as unknown as Bytes;
  const own = chunk(1, 2);
  for (const bytes of [whole.subarray(1, 3), shared, own]) await delivery.push(bytes);
  delivery.unshift(whole.subarray(1, 3));
  await delivery.ready();
  assertEquals(chunks.map(({ byteOffset, buffer }) => [byteOffset, buffer.byteLength]), [
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 2],
  ]);
  assertEquals(chunks.map((data) => data === own), [false, false, true, false]);
});

Deno.test("Delivery copies out of what another protocol lent, at once or while it waits", async () => {
  for (const waits of [false, true]) {
    const lent = new Uint8Array(4);
    const delivery = new Delivery({ getBuffer: () => lent, bufferUpdated: () => {} }, () => {});
    const target = delivery.lend();
    const chunks: Uint8Array[] = [];
    delivery.protocol = { dataReceived: (data) => void chunks.push(data) };
    if (waits) delivery.pause();
    const delivered = delivery.push(lent.fill(7), target);
    lent.fill(0);
    if (waits) delivery.resume();
    await delivered;
    assertEquals(chunks.map((data) => [...data]), [[7, 7, 7, 7]]);
  }
});

Deno.test("Delivery gives bytes that were read into lent memory as they came, though the protocol lends parts of it anew", async () => {
  const sent = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
  for (const loses of [false, true]) {
    let memory = new Uint8Array(100);
    let begin = 0;
    let lent = memory;
    const { delivery, received, errors } = deliveryTo((received) => ({
      getBuffer(): Uint8Array {
        // The memory goes elsewhere, and every view of it is empty.
        if (loses && begin > 0) memory = new Uint8Array(memory.buffer.transfer());
        return lent = memory.subarray(begin);
      },
      bufferUpdated: (n) => void received.push([...lent.subarray(0, n)]),
    }));
    const { protocol } = delivery;
    const target = delivery.lend();
    assert(target !== undefined);
    // The read is still under way.
    delivery.protocol = {};
    delivery.protocol = protocol;
    target.set(sent);
    begin = 30;
    const settled = delivery.push(target as Bytes, target);
    assertEquals(received, [[...sent.subarray(0, 70)]]);
    await settled;
    assertEquals(received.flat(), [...sent]);
    assertEquals(errors, []);
  }
});

Deno.test("Delivery.push() refuses values that are not bytes; a chunk that is detached while it waits is reported", async () => {
  const { delivery, received, errors } = deliveryTo(recording);
  assertThrows(() => delivery.push("text" as unknown as Bytes), TypeError, "Cannot receive data");
  assertEquals(delivery.push(new Uint8Array(0)), undefined);
  delivery.pause();
  const gone = chunk(1, 2, 3);
  const delivered = delivery.push(gone);
  gone.buffer.transfer();
  delivery.resume();
  await delivered;
  assertEquals([received.length, errors.length], [0, 1]);
  assertEquals(/transferred away while it waited/.test(errors[0] ?? ""), true);
});

Deno.test("Delivery.hold() waits for every promise that it is given while it delivers", async () => {
  const order: string[] = [];
  const chunks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const delivery = new Delivery({
    dataReceived: ([value = 0]) => {
      order.push(`chunk ${value}`);
      return chunks[value]?.promise;
    },
  }, () => {});
  const pushed = delivery.push(new Uint8Array([0]));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  delivery.hold(first.promise);
  delivery.hold(second.promise);
  const next = delivery.push(new Uint8Array([1]));
  chunks[0]?.resolve();
  first.resolve();
  await settle();
  assertEquals(order, ["chunk 0"]);
  second.resolve();
  await settle();
  assertEquals(order, ["chunk 0", "chunk 1"]);
  chunks[1]?.resolve();
  await Promise.all([pushed, next]);
});
