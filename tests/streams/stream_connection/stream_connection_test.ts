import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ConnectionLostError } from "../../../protocols/errors.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, pattern } from "../../support/text.ts";

Deno.test("StreamConnection shows one connection from every side", async () => {
  await using pair = await connectPair();
  const { a } = pair;
  assertStrictEquals(a.readable, a.reader.readable);
  assertStrictEquals(a.writable, a.writer.writable);
  assertStrictEquals(a.transport, a.writer.transport);
  assertStrictEquals(a.signal, a.signal);
});

for (const medium of ["memory", "tcp"] as const) {
  Deno.test(`StreamConnection.close() sends what is queued, and tells how it ended (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    const data = pattern(3_000_000);
    a.writer.write(data);
    const reading = b.reader.read();
    const { endedBy, error, bytesWritten, bytesUnsent } = await a.close();
    assertEquals([endedBy, error, bytesWritten, bytesUnsent], ["local", null, data.length, 0]);
    assertEquals(await reading, data);
    assertEquals((await b.close()).bytesRead, data.length);
  });

  Deno.test(`StreamConnection.close() aborts after the timeout when the peer does not read (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    b.transport.pauseReading();
    a.writer.write(pattern(16_000_000));
    await settle();
    const { endedBy, error, bytesUnsent } = await a.close({ timeout: 5 });
    assertEquals([endedBy, error], ["abort", null]);
    assert(bytesUnsent > 0);
    await assertRejects(() => a.writer.flush(), ConnectionLostError);
  });
}

Deno.test("StreamConnection.close() may be repeated, with the same answer", async () => {
  await using pair = await connectPair();
  const infos = await Promise.all([pair.a.close(), pair.a.close()]);
  assertStrictEquals(infos[0], infos[1]);
  assertStrictEquals(await pair.a.close(), await pair.a.closed);
});

Deno.test("StreamConnection.close() aborts when its signal does", async () => {
  await using pair = await connectPair();
  pair.b.transport.pauseReading();
  pair.a.writer.write(pattern(1_000_000));
  const controller = new AbortController();
  const closing = pair.a.close({ signal: controller.signal });
  assertEquals(await stateOf(closing), "pending");
  controller.abort();
  assertEquals((await closing).endedBy, "abort");
});

Deno.test("StreamConnection.close() aborts at once with a signal that is aborted", async () => {
  await using pair = await connectPair();
  pair.b.transport.pauseReading();
  pair.a.writer.write(pattern(1_000_000));
  assertEquals((await pair.a.close({ signal: AbortSignal.abort() })).endedBy, "abort");
});

for (const timeout of [0, -1, NaN]) {
  Deno.test(`StreamConnection.close() rejects a timeout of ${timeout} and does nothing`, async () => {
    await using pair = await connectPair();
    await assertRejects(() => pair.a.close({ timeout }), RangeError, String(timeout));
    assertEquals(pair.a.transport.isClosing(), false);
  });
}

Deno.test("StreamConnection.close() waits without a limit with an infinite timeout", async () => {
  await using pair = await connectPair();
  pair.b.transport.pauseReading();
  pair.a.writer.write(pattern(1_000_000));
  const closing = pair.a.close({ timeout: Infinity });
  assertEquals(await stateOf(closing), "pending");
  pair.b.transport.resumeReading();
  await pair.b.reader.read();
  assertEquals((await closing).endedBy, "local");
});

Deno.test("StreamConnection is closed at the end of its scope", async () => {
  await using pair = await connectPair();
  {
    await using connection = pair.a;
    connection.writer.write("goodbye");
  }
  assertEquals((await pair.a.closed).endedBy, "local");
  assertEquals(decode(await pair.b.reader.read()), "goodbye");
});

Deno.test("StreamConnection.signal aborts when the connection is lost although no read waits", async () => {
  await using pair = await connectPair();
  const { signal } = pair.a;
  assertEquals(signal.aborted, false);
  const error = new Error("Cable cut");
  pair.a.transport.abort(error);
  await pair.a.closed;
  await settle();
  assert(signal.aborted);
  assert(signal.reason instanceof ConnectionLostError);
  assertStrictEquals(signal.reason.cause, error);
});

Deno.test("StreamConnection.signal aborts at an orderly end, without a cause", async () => {
  await using pair = await connectPair();
  const { signal } = pair.a;
  await pair.a.close();
  assert(signal.aborted && signal.reason instanceof ConnectionLostError);
  assertEquals(signal.reason.cause, undefined);
});

Deno.test("StreamConnection.signal is quiet at the end of the peer's data: an answer can still go", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const { signal } = a;
  b.writer.writeEof();
  assertEquals(await a.reader.read(), new Uint8Array(0));
  await settle();
  assertEquals(signal.aborted, false);
  a.writer.write("answer");
  a.writer.close();
  assertEquals(decode(await b.reader.read()), "answer");
});

Deno.test("StreamConnection.signal ends waits of every kind", async () => {
  await using pair = await connectPair();
  const { a } = pair;
  const { signal } = a;
  // Something else than the connection, which knows nothing of it.
  const waiting = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  a.transport.abort();
  await assertRejects(() => waiting, ConnectionLostError);
});

Deno.test("StreamConnection.closed has the failure and does not reject", async () => {
  await using pair = await connectPair();
  const error = new Error("Cable cut");
  pair.a.transport.abort(error);
  assertStrictEquals((await pair.a.closed).error, error);
});

Deno.test("StreamConnection continues in one direction after the other has ended, in every API", async () => {
  await using pair = await connectPair("tcp");
  const { a, b } = pair;
  await a.writable.close();
  assertEquals((await b.readable.getReader().read()).done, true);
  b.writer.write("line\n");
  const web = b.writable.getWriter();
  await web.write(new Uint8Array([1, 2, 3]));
  await web.close();
  assertEquals(decode(await a.reader.readline()), "line\n");
  assertEquals(await a.reader.read(), new Uint8Array([1, 2, 3]));
  assertEquals((await a.close()).error, null);
});

Deno.test("StreamConnection whose readable was cancelled can write while the peer sends", async () => {
  for (const medium of ["memory", "tcp"] as const) {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    await a.readable.cancel();
    const data = pattern(1_000_000);
    for (let i = 0; i < 3; i++) {
      b.writer.write(data);
      await b.writer.flush();
      a.writer.write(`answer ${i}\n`);
      assertEquals(decode(await b.reader.readline()), `answer ${i}\n`);
    }
    b.writer.writeEof();
    a.writer.writeEof();
    assertEquals((await a.close()).error, null);
  }
});

Deno.test("StreamConnection.signal aborts at the end of the peer's data when nothing reads on", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  b.writer.write("question\n");
  b.writer.writeEof();
  assertEquals(decode(await a.reader.readline()), "question\n");
  const aborted = Promise.withResolvers<void>();
  a.signal.addEventListener("abort", () => aborted.resolve());
  await aborted.promise;
  assert(a.signal.reason instanceof ConnectionLostError);
  assertEquals(a.transport.isClosing(), false);
  a.writer.write("answer");
  assertEquals(await a.reader.read(), new Uint8Array(0));
  a.writer.close();
  assertEquals(decode(await b.reader.read()), "answer");
});

Deno.test("StreamConnection.signal is quiet at the end of the peer's data while a read waits for it", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const { signal } = a;
  const reading = a.reader.read();
  b.writer.write("all");
  b.writer.writeEof();
  assertEquals(decode(await reading), "all");
  await settle();
  assertEquals(signal.aborted, false);
});
