import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ConnectionLostError } from "../../../protocols/errors.ts";
import { stateOf, untilStill } from "../../support/time/event_loop.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";

const MEDIA = ["memory", "tcp"] as const;

Deno.test("StreamWriter.writable is one stream, always the same", async () => {
  await using pair = await connectPair();
  const { a } = pair;
  assert(a.writable instanceof WritableStream);
  assertStrictEquals(a.writable, a.writer.writable);
  assertEquals(a.writable.locked, false);
});

for (const medium of MEDIA) {
  Deno.test(`WritableStream.close() sends everything and ends one direction only (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    const web = a.writable.getWriter();
    await web.write(encode("question "));
    void web.write(encode("and more"));
    await web.close();
    assertEquals(decode(await b.reader.read()), "question and more");
    b.writer.write("answer\n");
    assertEquals(decode(await a.reader.readline()), "answer\n");
    assertEquals(a.transport.isClosing(), false);
  });

  Deno.test(`WritableStream.close() resolves when the peer has read the queued bytes (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    const web = a.writable.getWriter();
    const data = pattern(8 * 1024 * 1024);
    void web.write(data);
    const closing = web.close();
    assertEquals(await stateOf(closing), "pending");
    const received = await b.reader.read();
    await closing;
    assertEquals(received.length, data.length);
  });

  Deno.test(`WritableStream.write() hands the memory back when it is done (${medium})`, async () => {
    await using pair = await connectPair(medium, { limit: 1024 });
    const { a, b } = pair;
    const web = a.writable.getWriter();
    const length = 20_000;
    // More than the system's own buffers take: some of it waits in the transport.
    const count = medium === "tcp" ? 800 : 50;
    let written = 0;
    const writing = (async () => {
      let memory = new Uint8Array(length);
      for (; written < count; written++) {
        memory.fill(written);
        await web.write(memory);
        memory.fill(255);
        // As reading into it again with a BYOB reader does.
        memory = structuredClone(memory, { transfer: [memory.buffer] });
      }
      await web.close();
    })();
    await untilStill(() => written);
    assert(written < count, `${written} chunks were accepted`);
    for (let index = 0; index < count; index++) {
      const chunk = await b.reader.readexactly(length);
      assert(chunk.every((byte) => byte === index % 256), `chunk ${index} was changed`);
    }
    await writing;
  });

  Deno.test(`WritableStream.abort() aborts the connection (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a } = pair;
    const reason = new Error("Changed my mind");
    await a.writable.abort(reason);
    const { endedBy, error } = await a.closed;
    assertEquals(endedBy, "error");
    assertStrictEquals(error, reason);
    assertStrictEquals(await assertRejects(() => a.reader.read(1)), reason);
    await assertRejects(() => a.writable.getWriter().closed);
  });

  Deno.test(`WritableStream tells by itself that the connection was lost (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a } = pair;
    const web = a.writable.getWriter();
    const error = new Error("Cable cut");
    a.transport.abort(error);
    assertStrictEquals(await assertRejects(() => web.closed), error);
    assertStrictEquals(await assertRejects(() => web.write(encode("x"))), error);
  });

  Deno.test(`WritableStream accepts no more than its two buffers while the peer does not read (${medium})`, async () => {
    await using pair = await connectPair(medium, { limit: 1024 });
    const { a, b } = pair;
    const web = a.writable.getWriter();
    // More than the system's own buffers take.
    const total = medium === "tcp" ? 32 * 1024 * 1024 : 1024 * 1024;
    const chunk = pattern(4096);
    let written = 0;
    let largest = 0;
    const writing = (async () => {
      for (; written < total; written += chunk.length) {
        await web.ready;
        void web.write(chunk);
        largest = Math.max(largest, a.transport.getWriteBufferSize());
      }
      await web.close();
    })();
    await untilStill(() => written);
    assert(written < total, `${written} bytes were accepted`);
    assert(largest <= 65_536 + 4096, `${largest} bytes were queued`);
    let received = 0;
    while (!b.reader.atEof()) received += (await b.reader.read(1_048_576)).length;
    await writing;
    assertEquals(received, total);
  });
}

Deno.test("WritableStream.abort() without an error aborts the connection as abort() does", async () => {
  await using pair = await connectPair();
  await pair.a.writable.abort("a reason that is no error");
  const { endedBy, error } = await pair.a.closed;
  assertEquals([endedBy, error], ["abort", null]);
});

Deno.test("WritableStream fails with ConnectionLostError after an orderly end", async () => {
  await using pair = await connectPair();
  const web = pair.a.writable.getWriter();
  pair.a.transport.close();
  await assertRejects(() => web.closed, ConnectionLostError);
  await assertRejects(() => web.ready, ConnectionLostError);
});

Deno.test("WritableStream that was closed stays closed when the connection is lost", async () => {
  await using pair = await connectPair();
  const web = pair.a.writable.getWriter();
  await web.close();
  pair.a.transport.abort(new Error("Cable cut"));
  await pair.a.closed;
  await web.closed;
  await assertRejects(() => web.write(encode("x")), TypeError);
});

Deno.test("WritableStream.desiredSize is 64 KiB less the bytes that wait in the stream", async () => {
  await using pair = await connectPair("memory", { writeBufferLimits: { high: 0 } });
  const web = pair.a.writable.getWriter();
  assertEquals(web.desiredSize, 65_536);
  void web.write(pattern(1000));
  assertEquals(web.desiredSize, 64_536);
  await web.ready;
  const written = web.write(pattern(64_536));
  assertEquals(web.desiredSize, 0);
  const { ready } = web;
  assertEquals((await pair.b.reader.readexactly(65_536)).length, 65_536);
  await ready;
  await written;
  assertEquals(web.desiredSize, 65_536);
});

Deno.test("WritableStream refuses a second writer, close() and abort() while it is locked", async () => {
  await using pair = await connectPair();
  const { writable } = pair.a;
  const web = writable.getWriter();
  assertThrows(() => writable.getWriter(), TypeError);
  await assertRejects(() => writable.close(), TypeError);
  await assertRejects(() => writable.abort(), TypeError);
  web.releaseLock();
  await assertRejects(() => web.write(encode("x")), TypeError);
  await writable.close();
  assertEquals(await pair.b.reader.read(), new Uint8Array(0));
});

Deno.test("WritableStream.write() errors the stream for a chunk that is not bytes; the connection stays open", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const web = a.writable.getWriter();
  // Wrong on purpose, as plain JavaScript may be.
  await assertRejects(() => web.write(42 as unknown as Uint8Array), TypeError);
  await assertRejects(() => web.write(encode("x")), TypeError);
  a.writer.write("still there\n");
  assertEquals(decode(await b.reader.readline()), "still there\n");
});

Deno.test("WritableStream and StreamWriter write in the order of their calls, in turns", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  a.writer.write("1");
  const web = a.writable.getWriter();
  await web.write(encode("2"));
  a.writer.write("3");
  await web.write(encode("4"));
  web.releaseLock();
  a.writer.write("5");
  await a.writable.close();
  assertEquals(decode(await b.reader.read()), "12345");
});

Deno.test("WritableStream.write() after StreamWriter.writeEof() fails", async () => {
  await using pair = await connectPair();
  pair.a.writer.writeEof();
  await assertRejects(() => pair.a.writable.getWriter().write(encode("x")), Error, "writeEof()");
});
