import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import { ReaderSource } from "../../../../transports/core/read/read_buffer.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { pattern } from "../../../support/text.ts";

/** A reader of bytes that are there, and of what is put in later. */
function readerOf(available: Bytes): {
  source: ReaderSource;
  sizes: number[];
  settle(outcome: number | null | Error): void;
} {
  let offset = 0;
  const sizes: number[] = [];
  let pending: PromiseWithResolvers<number | null> | null = null;
  const source = new ReaderSource({
    read(target): Promise<number | null> {
      sizes.push(target.length);
      const part = available.subarray(offset, offset + target.length);
      offset += part.length;
      target.set(part);
      if (part.length > 0) return Promise.resolve(part.length);
      pending = Promise.withResolvers();
      return pending.promise;
    },
  });
  return {
    source,
    sizes,
    settle(outcome): void {
      if (outcome instanceof Error) pending?.reject(outcome);
      else pending?.resolve(outcome);
    },
  };
}

Deno.test("ReaderSource gives what arrived together in one chunk, up to 4 KiB and more", async () => {
  for (const size of [1, 511, 512, 513, 1000, 4096, 4608]) {
    const sent = pattern(size);
    const { source } = readerOf(sent);
    const { value } = await source.next();
    assertEquals([value?.length, value?.buffer.byteLength], [size, size], `${size} bytes`);
    assertEquals(value?.every((byte, i) => byte === sent[i]), true);
  }
});

Deno.test("ReaderSource gives a full read at once when nothing else is there, and goes on with the next", async () => {
  const { source, sizes, settle } = readerOf(pattern(512));
  assertEquals((await source.next()).value?.length, 512);
  const next = source.next();
  settle(3);
  assertEquals((await next).value?.length, 3);
  assertEquals(sizes, [512, 4096], "the read under way serves the next call");
});

Deno.test("ReaderSource tells the end and a failure that followed a full read after it", async () => {
  const ended = readerOf(pattern(512));
  assertEquals((await ended.source.next()).value?.length, 512);
  ended.settle(null);
  assertEquals((await ended.source.next()).done, true);

  const failed = readerOf(pattern(512));
  assertEquals((await failed.source.next()).value?.length, 512);
  failed.settle(new TypeError("gone"));
  await assertRejects(() => failed.source.next(), TypeError, "gone");
});

Deno.test("ReaderSource reads straight into a target, and copies there is a read under way", async () => {
  const { source, settle } = readerOf(pattern(512));
  const target = new Uint8Array(100);
  const { value } = await source.next(target);
  assertEquals([value?.buffer === target.buffer, value?.length], [true, 100]);
  await source.next();
  const other = readerOf(pattern(512));
  await other.source.next();
  const late = other.source.next(target);
  other.settle(5);
  assertEquals((await late).value?.buffer === target.buffer, false);
  settle(null);
});

Deno.test("ReaderSource.read() leaves the bytes in memory that it reads into again", async () => {
  const { source } = readerOf(pattern(300));
  assertEquals(await source.read(), 300);
  assertEquals(source.mayHaveMore(300), false);
  const { memory } = source;
  assertEquals([memory.length, memory[0], memory[299]], [512, pattern(300)[0], pattern(300)[299]]);
  void source.read();
  assertStrictEquals(source.memory, memory);
});

Deno.test("A greeting of up to 4 KiB is one chunk over TCP, also as the first bytes", async () => {
  const chunks: number[] = [];
  const done = Promise.withResolvers<void>();
  const server = await createServer(() => ({
    dataReceived(chunk): void {
      chunks.push(chunk.length);
      done.resolve();
    },
  }), { port: 0 });
  for (const size of [600, 4096]) {
    const { transport } = await createConnection(() => ({}), { port: server.port });
    transport.write(new Uint8Array(size));
    transport.close();
    await transport.closed;
  }
  await done.promise;
  await server.shutdown({ grace: 1000 });
  assertEquals(chunks.toSorted((a, b) => a - b), [600, 4096]);
});
