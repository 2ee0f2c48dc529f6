import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError, LimitOverrunError, StreamReader, TextDecodeError } from "@sluice/net";
import { concatBytes, encode } from "../../support/text.ts";
import { stateOf } from "../../support/time/event_loop.ts";

/** A reader of these bytes, and nothing more. */
function readerOf(...parts: readonly (string | Uint8Array<ArrayBuffer>)[]): StreamReader {
  const reader = new StreamReader({ limit: 64 });
  for (const part of parts) reader.feedData(typeof part === "string" ? encode(part) : part);
  reader.feedEof();
  return reader;
}

const BAD = new Uint8Array([97, 0xff, 98, 10]);

Deno.test("StreamReader.readline() gives text with its line end, and every character", async () => {
  const reader = readerOf("\ufeffäöü\r\n", "\n", "rest");
  const lines: string[] = [];
  for (let i = 0; i < 4; i++) lines.push(await reader.readline({ as: "text" }));
  assertEquals(lines, ["\ufeffäöü\r\n", "\n", "rest", ""]);
});

Deno.test("StreamReader.readline() joins a character that came in two chunks", async () => {
  const bytes = encode("€\n");
  const reader = readerOf(bytes.slice(0, 2), bytes.slice(2));
  assertEquals(await reader.readline({ as: "text" }), "€\n");
});

Deno.test("StreamReader.readuntil() gives text, and bytes to those who ask for bytes", async () => {
  const reader = readerOf("a=1;b=2;c=3;");
  const first: string = await reader.readuntil(";", { as: "text" });
  const second: Uint8Array = await reader.readuntil(";", { as: "bytes" });
  const third: Uint8Array = await reader.readuntil(";");
  assertEquals([first, second, third], ["a=1;", encode("b=2;"), encode("c=3;")]);
});

Deno.test("Reads of text replace invalid UTF-8, unless they are to fail", async () => {
  const reader = readerOf(BAD, BAD, BAD, "good\n");
  assertEquals(await reader.readline({ as: "text" }), "a\ufffdb\n");
  assertEquals(await reader.readline({ as: "text", invalid: "replace" }), "a\ufffdb\n");
  const error = await assertRejects(
    () => reader.readline({ as: "text", invalid: "error" }),
    TextDecodeError,
    "4 bytes are not UTF-8",
  );
  assertEquals(error.bytes, BAD);
  assertEquals(await reader.readline({ as: "text", invalid: "error" }), "good\n");
});

Deno.test("StreamReader.lines() fails at a bad line with invalid: error, and the next loop goes on", async () => {
  const reader = readerOf("one\n", BAD, "two\r\n");
  const lines: string[] = [];
  await assertRejects(async () => {
    for await (const line of reader.lines({ invalid: "error" })) lines.push(line);
  }, TextDecodeError);
  for await (const line of reader.lines()) lines.push(line);
  assertEquals(lines, ["one", "two"]);
});

Deno.test("Reads of text keep to the limit, as reads of bytes do", async () => {
  const reader = readerOf("x".repeat(65) + "\nnext\n");
  await assertRejects(() => reader.readline({ as: "text" }), LimitOverrunError);
  assertEquals(await reader.readline({ as: "text" }), "next\n");
});

Deno.test("Reads refuse invalid options of text", async () => {
  const reader = readerOf("x\n");
  const wrong: [object, string][] = [
    [{ as: "string" }, 'as "string" is not one of "bytes", "text"'],
    [{ as: "text", invalid: "ignore" }, 'invalid "ignore" is not one of "replace", "error"'],
    [{ as: "text", encoding: "latin1" }, 'there is no option "encoding"'],
  ];
  for (const [options, text] of wrong) {
    await assertRejects(() => reader.readline(options as never), TypeError, text);
    await assertRejects(() => reader.readuntil("\n", options as never), TypeError, text);
  }
  await assertRejects(() => reader.lines({ as: "bytes" } as never).next(), TypeError, '"as"');
  assertEquals(await reader.readline(), encode("x\n"));
});

Deno.test("StreamReader.peek() leaves the bytes, and gives fewer at the end of the data", async () => {
  const reader = readerOf("ab", "cd");
  assertEquals(await reader.peek(3), encode("abc"));
  assertEquals(await reader.peek(0), encode(""));
  assertEquals(await reader.peek(9), encode("abcd"));
  assertEquals(await reader.readexactly(4), encode("abcd"));
  assertEquals(await reader.peek(1), encode(""));
});

Deno.test("StreamReader.peek() gives a copy", async () => {
  const reader = readerOf("abc");
  (await reader.peek(3)).fill(0);
  assertEquals(await reader.read(), encode("abc"));
});

Deno.test("StreamReader.peek() refuses more than the limit, and an invalid count", async () => {
  const reader = readerOf("abc");
  await assertRejects(
    () => reader.peek(65),
    RangeError,
    "Cannot peek at 65 bytes: the limit is 64",
  );
  for (const n of [-1, 1.5, NaN, "1" as never]) {
    await assertRejects(() => reader.peek(n), RangeError, `Cannot peek at ${n} bytes: not a whole`);
  }
});

Deno.test("StreamReader.unread() puts bytes before a search that had begun", async () => {
  const reader = new StreamReader();
  reader.feedData(encode("bc"));
  const reading = reader.readline({ signal: AbortSignal.abort() });
  await assertRejects(() => reading);
  const waiting = new AbortController();
  const line = reader.readline({ signal: waiting.signal });
  assertEquals(await stateOf(line), "pending");
  waiting.abort();
  await assertRejects(() => line);
  reader.unread(encode("x\na"));
  assertEquals(await reader.readline(), encode("x\n"));
  reader.feedData(encode("d\n"));
  assertEquals(await reader.readline(), encode("abcd\n"));
});

Deno.test("StreamReader.unread() is the reverse of every read, wherever chunks end", async () => {
  const all = encode("0123456789abcdef");
  for (let taken = 0; taken <= 16; taken++) {
    for (let back = 0; back <= taken; back++) {
      const reader = readerOf(all.slice(0, 5), all.slice(5, 6), all.slice(6));
      const first = await reader.readexactly(taken);
      reader.unread(first.subarray(taken - back));
      const rest = await reader.read();
      assertEquals(rest, all.slice(taken - back), `${taken} ${back}`);
    }
  }
});

Deno.test("StreamReader.unread() copies, and can be done at the end of the data", async () => {
  const reader = readerOf("x");
  await reader.read();
  assertEquals(reader.atEof(), true);
  const bytes = encode("back");
  reader.unread(bytes);
  bytes.fill(0);
  assertEquals(reader.atEof(), false);
  assertEquals(await reader.read(), encode("back"));
});

Deno.test("StreamReader.unread() is refused while a read waits, and after the hand-over", async () => {
  const reader = new StreamReader();
  const reading = reader.read(1);
  assertThrows(() => reader.unread(encode("x")), InvalidStateError, "a read is waiting for data");
  reader.feedData(encode("y"));
  assertEquals(await reading, encode("y"));
  assertThrows(() => reader.unread("x" as never), TypeError, "Cannot unread data");
  reader.detach();
  assertThrows(() => reader.unread(encode("x")), InvalidStateError, "was handed over");
});

Deno.test("StreamReader.readline() finds lines that were unread, and those after them, in any pieces", async () => {
  const bytes = encode("one\ntwo\n\nthree\n");
  for (let size = 1; size < bytes.length; size++) {
    const reader = new StreamReader();
    const lines: string[] = [];
    const read = async () => {
      for (let i = 0; i < 4; i++) {
        reader.unread(await reader.readline());
        lines.push(await reader.readline({ as: "text" }));
      }
    };
    const reading = read();
    for (let i = 0; i < bytes.length; i += size) {
      await stateOf(reading);
      reader.feedData(bytes.slice(i, i + size));
    }
    await reading;
    assertEquals(lines, ["one\n", "two\n", "\n", "three\n"], `${size}`);
  }
});

Deno.test("StreamReader reads every kind of number, in both orders of bytes", async () => {
  const view = new DataView(new ArrayBuffer(8));
  const cases: [string, number, (little: boolean) => unknown][] = [
    ["Uint8", 1, () => view.setUint8(0, 200)],
    ["Int8", 1, () => view.setInt8(0, -100)],
    ["Uint16", 2, (little) => view.setUint16(0, 50_000, little)],
    ["Int16", 2, (little) => view.setInt16(0, -20_000, little)],
    ["Uint32", 4, (little) => view.setUint32(0, 4_000_000_000, little)],
    ["Int32", 4, (little) => view.setInt32(0, -2_000_000_000, little)],
    ["BigUint64", 8, (little) => view.setBigUint64(0, 2n ** 63n + 1n, little)],
    ["BigInt64", 8, (little) => view.setBigInt64(0, -(2n ** 62n), little)],
    ["Float32", 4, (little) => view.setFloat32(0, 1.5, little)],
    ["Float64", 8, (little) => view.setFloat64(0, Math.PI, little)],
  ];
  // deno-lint-ignore no-explicit-any -- the methods by their names
  const read = (reader: any, name: string, options?: object) => reader[`read${name}`](options);
  for (const [name, size, set] of cases) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const little of [false, true]) {
      set(little);
      parts.push(new Uint8Array(view.buffer.slice(0, size)));
    }
    // deno-lint-ignore no-explicit-any -- the methods by their names
    const expected = (view as any)[`get${name}`](0, true);
    const reader = readerOf(...[...concatBytes(parts)].map((byte) => new Uint8Array([byte])));
    assertEquals(await read(reader, name), expected, name);
    assertEquals(await read(reader, name, { littleEndian: true }), expected, name);
    await assertRejects(() => read(reader, name), Error, `data ended after 0 of ${size} bytes`);
    await assertRejects(
      () => read(reader, name, { littleEndian: 1 }),
      TypeError,
      "is neither true",
    );
  }
});

Deno.test("StreamReader.ended resolves and its signal aborts at the end, with bytes unread", async () => {
  const reader = new StreamReader();
  const early = reader.endedSignal;
  reader.feedData(encode("rest"));
  assertEquals(await stateOf(reader.ended), "pending");
  reader.feedEof();
  await reader.ended;
  assertEquals([early.aborted, reader.endedSignal === early], [true, true]);
  assertEquals(await reader.read(), encode("rest"));
  const late = new StreamReader();
  late.setException(new Error("cut"));
  assertEquals(late.endedSignal.aborted, true);
  await late.ended;
});
