import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { IncompleteReadError, InvalidStateError } from "../../../protocols/errors.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { stateOf } from "../../support/time/event_loop.ts";
import { decode, encode, pattern } from "../../support/text.ts";

function readerWith(...chunks: string[]): StreamReader {
  const reader = new StreamReader();
  for (const chunk of chunks) reader.feedData(encode(chunk));
  return reader;
}

for (const limit of [0, -1, NaN]) {
  Deno.test(`StreamReader() throws RangeError for a limit of ${limit}`, () => {
    assertThrows(() => new StreamReader({ limit }), RangeError, `limit ${limit} is not above 0`);
  });
}

Deno.test("StreamReader.feedData() ignores an empty chunk: a waiting read goes on waiting", async () => {
  const reader = new StreamReader();
  const reading = reader.read(5);
  reader.feedData(new Uint8Array(0));
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("data"));
  assertEquals(decode(await reading), "data");
});

Deno.test("StreamReader.feedData() throws InvalidStateError after feedEof()", () => {
  const reader = readerWith("data");
  reader.feedEof();
  assertThrows(() => reader.feedData(encode("more")), InvalidStateError, "the end was fed before");
});

Deno.test("StreamReader.atEof() is false while bytes are buffered after the end", async () => {
  const reader = readerWith("data");
  assertEquals(reader.atEof(), false);
  reader.feedEof();
  assertEquals(reader.atEof(), false);
  await reader.read(3);
  assertEquals(reader.atEof(), false);
  await reader.read(1);
  assertEquals(reader.atEof(), true);
});

Deno.test("StreamReader.read() returns nothing at once for 0, with data and without", async () => {
  const reader = new StreamReader();
  assertEquals(await reader.read(0), new Uint8Array(0));
  reader.feedData(encode("data"));
  assertEquals(await reader.read(0), new Uint8Array(0));
  assertEquals(decode(await reader.read(9)), "data");
});

Deno.test("StreamReader.read() waits for the first byte, then returns what is there", async () => {
  const reader = new StreamReader();
  const reading = reader.read(100);
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("li\nne"));
  assertEquals(decode(await reading), "li\nne");
});

Deno.test("StreamReader.read() returns at most n bytes, across chunks, and leaves the rest", async () => {
  const reader = readerWith("abc", "def", "ghi");
  assertEquals(decode(await reader.read(5)), "abcde");
  assertEquals(decode(await reader.read(3)), "fgh");
  assertEquals(decode(await reader.read(3)), "i");
});

Deno.test("StreamReader.read() without a number collects everything up to the end, beyond the limit", async () => {
  const reader = new StreamReader({ limit: 4 });
  const reading = reader.read();
  const parts = [pattern(3), pattern(100, 3), pattern(1, 103)];
  for (const part of parts) {
    reader.feedData(part);
    assertEquals(await stateOf(reading), "pending");
  }
  reader.feedEof();
  assertEquals(await reading, pattern(104));
});

Deno.test("StreamReader.read() returns nothing at the end of the data, again and again", async () => {
  const reader = readerWith("end");
  reader.feedEof();
  assertEquals(decode(await reader.read(10)), "end");
  for (const n of [10, -1, 1]) assertEquals(await reader.read(n), new Uint8Array(0));
});

for (const n of [1.5, NaN, -Infinity]) {
  Deno.test(`StreamReader.read() rejects ${n} with RangeError and consumes nothing`, async () => {
    const reader = readerWith("data");
    await assertRejects(() => reader.read(n), RangeError, String(n));
    assertEquals(decode(await reader.readexactly(4)), "data");
  });
}

Deno.test("StreamReader.readexactly() waits for the last byte, across chunks", async () => {
  const reader = readerWith("ab");
  const reading = reader.readexactly(5);
  reader.feedData(encode("cd"));
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("efg"));
  assertEquals(decode(await reading), "abcde");
  assertEquals(decode(await reader.read(9)), "fg");
});

Deno.test("StreamReader.readexactly() returns nothing at once for 0", async () => {
  assertEquals(await new StreamReader().readexactly(0), new Uint8Array(0));
});

for (const n of [-1, 1.5, NaN, Infinity]) {
  Deno.test(`StreamReader.readexactly() rejects ${n} with RangeError and consumes nothing`, async () => {
    const reader = readerWith("data");
    await assertRejects(() => reader.readexactly(n), RangeError, `Cannot read ${n} bytes`);
    assertEquals(decode(await reader.read(9)), "data");
  });
}

Deno.test("StreamReader.readexactly() rejects with what there was when the data ends before", async () => {
  const reader = readerWith("abc");
  const reading = reader.readexactly(10);
  reader.feedData(encode("de"));
  reader.feedEof();
  const error = await assertRejects(() => reading, IncompleteReadError, "after 5 of 10 bytes");
  assertEquals(decode(error.partial), "abcde");
  assertEquals(error.expected, 10);
  assertEquals(reader.atEof(), true);
});

Deno.test("StreamReader keeps the place of every byte when lines and counts alternate", async () => {
  const reader = readerWith("head\n4\nbody", "tail\nrest");
  assertEquals(decode(await reader.readline()), "head\n");
  const length = Number(decode(await reader.readline()));
  assertEquals(decode(await reader.readexactly(length)), "body");
  assertEquals(decode(await reader.readuntil("il")), "tail");
  assertEquals(decode(await reader.read(1)), "\n");
  assertEquals(decode(await reader.read(9)), "rest");
});

Deno.test("StreamReader.exception() is null, then what was set", () => {
  const reader = new StreamReader();
  assertEquals(reader.exception(), null);
  const error = new Error("Broken");
  reader.setException(error);
  assertStrictEquals(reader.exception(), error);
});

type Read = (reader: StreamReader, signal?: AbortSignal) => Promise<unknown>;

/** Every way to wait for bytes; none is satisfied by "abc". */
const READS: [string, Read][] = [
  ["read(-1)", (reader, signal) => reader.read(-1, signal ? { signal } : {})],
  ["readexactly(9)", (reader, signal) => reader.readexactly(9, signal ? { signal } : {})],
  ["readline()", (reader, signal) => reader.readline(signal ? { signal } : {})],
  ["readuntil()", (reader, signal) => reader.readuntil("\r\n", signal ? { signal } : {})],
  ["lines()", (reader, signal) => reader.lines(signal ? { signal } : {}).next()],
];

for (const [name, read] of READS) {
  Deno.test(`StreamReader.${name} rejects with the exception, which leaves the bytes before it`, async () => {
    const error = new Error("Broken");
    const reader = readerWith("ab");
    const reading = read(reader);
    reader.feedData(encode("c"));
    reader.setException(error);
    assertStrictEquals(await assertRejects(() => reading), error);
    assertEquals(decode(await reader.read(9)), "abc");
    assertStrictEquals(await assertRejects(() => reader.read(9)), error);
    assertStrictEquals(await assertRejects(() => read(reader)), error);
  });

  Deno.test(`StreamReader.${name} rejects a second read at once and gets its own bytes`, async () => {
    const reader = new StreamReader();
    const reading = read(reader);
    for (const [, second] of READS) {
      await assertRejects(() => second(reader), InvalidStateError, "another read is already");
    }
    await assertRejects(() => reader.read(1), InvalidStateError, "another read is already");
    reader.feedData(encode("123456789\r\n"));
    reader.feedEof();
    await reading;
  });

  Deno.test(`StreamReader.${name} loses nothing when aborted: the next read may follow in the same turn`, async () => {
    const reader = readerWith("ab");
    const controller = new AbortController();
    const reading = read(reader, controller.signal);
    await stateOf(reading);
    reader.feedData(encode("c"));
    await stateOf(reading);
    const reason = new Error("Enough");
    controller.abort(reason);
    const next = reader.readexactly(5);
    assertStrictEquals(await assertRejects(() => reading), reason);
    reader.feedData(encode("de"));
    assertEquals(decode(await next), "abcde");
  });

  Deno.test(`StreamReader.${name} loses nothing when the bytes arrive in the turn of the abort`, async () => {
    for (const order of ["bytes first", "abort first"]) {
      const reader = readerWith("abc");
      const controller = new AbortController();
      const reading = read(reader, controller.signal).catch(() => {});
      await stateOf(reading);
      if (order === "abort first") controller.abort();
      reader.feedData(encode("d"));
      controller.abort();
      assertEquals(decode(await reader.readexactly(4)), "abcd", order);
      await reading;
    }
  });

  Deno.test(`StreamReader.${name} rejects at once, and takes nothing, with a signal that is aborted`, async () => {
    const reader = readerWith("123456789\r\n");
    const reason = new Error("Too late");
    const error = await assertRejects(() => read(reader, AbortSignal.abort(reason)));
    assertStrictEquals(error, reason);
    assertEquals(decode(await reader.read(20)), "123456789\r\n");
  });
}

Deno.test("StreamReader.read() gives what came before its signal aborts, in the same turn as well", async () => {
  const reader = new StreamReader();
  const controller = new AbortController();
  const reading = reader.read(2, { signal: controller.signal });
  reader.feedData(encode("abcd"));
  const next = reader.read(1);
  controller.abort();
  assertEquals([decode(await reading), decode(await next)], ["ab", "c"]);
  assertEquals(decode(reader.takeBuffered()), "d");
});

Deno.test("StreamReader reads what came before the exception, record by record, then throws it", async () => {
  const reader = readerWith("one\ntwo\nthree!four");
  const error = new Error("Broken");
  reader.setException(error);
  const lines = reader.lines();
  assertEquals((await lines.next()).value, "one");
  assertEquals(decode(await reader.readline()), "two\n");
  assertEquals(decode(await reader.readuntil("!")), "three!");
  assertEquals(decode(await reader.readexactly(3)), "fou");
  assertStrictEquals(await assertRejects(() => reader.readexactly(2)), error);
  assertEquals(decode(await reader.read(2)), "r");
  assertStrictEquals(await assertRejects(() => reader.read(2)), error);
  assertEquals(reader.atEof(), false);
});

Deno.test("StreamReader.setException() after an aborted read reaches the next one", async () => {
  const reader = new StreamReader();
  const controller = new AbortController();
  const reading = reader.read(1, { signal: controller.signal });
  controller.abort();
  await assertRejects(() => reading);
  const error = new Error("Broken");
  reader.setException(error);
  assertStrictEquals(await assertRejects(() => reader.read(1)), error);
});

Deno.test("StreamReader.lines() gives text without line ends, the last line also without one", async () => {
  const reader = readerWith("one\ntw", "o\r\n\n\u20ac", "\rx\nlast");
  reader.feedEof();
  assertEquals(await Array.fromAsync(reader.lines()), ["one", "two", "", "\u20ac\rx", "last"]);
});

Deno.test("StreamReader[Symbol.asyncIterator]() gives lines as bytes with their line feed", async () => {
  const reader = readerWith("one\r\n", "\ntwo");
  reader.feedEof();
  const lines = await Array.fromAsync(reader);
  assertEquals(lines.map(decode), ["one\r\n", "\n", "two"]);
});

Deno.test("StreamReader.lines() loses nothing when the loop is left", async () => {
  const reader = readerWith("one\ntwo\nrest");
  for await (const line of reader.lines()) {
    if (line === "two") break;
  }
  assertEquals(decode(await reader.read(9)), "rest");
});

Deno.test("StreamReader.detach() returns unread bytes; every later read fails", async () => {
  const reader = readerWith("one", "two");
  assertEquals(decode(reader.detach()), "onetwo");
  await assertRejects(() => reader.read(1), InvalidStateError, "was handed over");
  assertEquals(decode(reader.detach()), "");
});

Deno.test("StreamReader.detach() fails a read that is waiting, whose bytes it gives", async () => {
  const reader = readerWith("part");
  const reading = reader.readline();
  await stateOf(reading);
  assertEquals(decode(reader.detach()), "part");
  await assertRejects(() => reading, InvalidStateError, "was handed over");
});

Deno.test("StreamReader.detach() makes reads fail also when the data has ended", async () => {
  const reader = readerWith("rest");
  reader.feedEof();
  assertEquals(decode(reader.detach()), "rest");
  for (const [, read] of READS) {
    await assertRejects(() => read(reader), InvalidStateError, "was handed over");
  }
});
