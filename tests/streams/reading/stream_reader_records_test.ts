import { assertEquals, assertRejects } from "@std/assert";
import { IncompleteReadError, LimitOverrunError } from "../../../protocols/errors.ts";
import { type Separator, StreamReader } from "../../../streams/reading/stream_reader.ts";
import { stateOf } from "../../support/time/event_loop.ts";
import { decode, encode } from "../../support/text.ts";

function readerWith(text: string, limit?: number): StreamReader {
  const reader = new StreamReader(limit === undefined ? {} : { limit });
  reader.feedData(encode(text));
  return reader;
}

async function consumedOf(reading: Promise<unknown>): Promise<number> {
  return (await assertRejects(() => reading, LimitOverrunError)).consumed;
}

/** Feeds `text` in two pieces, cut at `cut`, while `read` waits. */
async function readCut<T>(
  text: string,
  cut: number,
  read: (reader: StreamReader) => Promise<T>,
): Promise<[T, StreamReader]> {
  const reader = new StreamReader();
  const reading = read(reader);
  for (const piece of [text.slice(0, cut), text.slice(cut)]) {
    reader.feedData(encode(piece));
    await Promise.resolve();
  }
  return [await reading, reader];
}

Deno.test("StreamReader.readline() waits for the line feed, across chunks", async () => {
  const reader = readerWith("one");
  const reading = reader.readline();
  reader.feedData(encode(" and"));
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode(" two\nrest"));
  assertEquals(decode(await reading), "one and two\n");
});

Deno.test("StreamReader.readline() returns the lines of one chunk one by one and leaves the rest", async () => {
  const reader = readerWith("one\n\ntwo\nrest");
  const lines = [];
  for (let i = 0; i < 3; i++) lines.push(decode(await reader.readline()));
  assertEquals(lines, ["one\n", "\n", "two\n"]);
  assertEquals(decode(await reader.read(9)), "rest");
});

Deno.test("StreamReader.readline() returns what there is at the end of the data, then nothing", async () => {
  const reader = readerWith("one\nla");
  assertEquals(decode(await reader.readline()), "one\n");
  const reading = reader.readline();
  reader.feedData(encode("st"));
  reader.feedEof();
  assertEquals(decode(await reading), "last");
  assertEquals(decode(await reader.readline()), "");
});

for (const [length, passes] of [[3, true], [4, true], [5, false]] as const) {
  const verb = passes ? "takes" : "rejects";
  Deno.test(`StreamReader.readline() ${verb} a line of ${length} bytes at a limit of 4`, async () => {
    const line = "x".repeat(length) + "\n";
    for (let cut = 0; cut <= line.length; cut++) {
      const reader = readerWith(line.slice(0, cut), 4);
      const reading = reader.readline();
      reader.feedData(encode(line.slice(cut)));
      if (passes) assertEquals(decode(await reading), line);
      else await assertRejects(() => reading, LimitOverrunError, "limit is 4 bytes");
    }
  });
}

Deno.test("StreamReader.readline() drops a complete overlong line, and nothing after it", async () => {
  const reader = readerWith("12345\n67\n890", 4);
  assertEquals(await consumedOf(reader.readline()), 5);
  assertEquals(decode(await reader.readline()), "67\n");
  assertEquals(decode(await reader.read(9)), "890");
});

Deno.test("StreamReader.readline() drops all buffered bytes of an overlong line without an end", async () => {
  const reader = readerWith("1234", 4);
  const reading = reader.readline();
  assertEquals(await stateOf(reading), "pending");
  reader.feedData(encode("56"));
  assertEquals(await consumedOf(reading), 6);
  reader.feedData(encode("78\nnext\n"));
  assertEquals(decode(await reader.readline()), "78\n");
  assertEquals(decode(await reader.readline()), "next\n");
});

Deno.test("StreamReader.readline() continues after each of several overlong lines", async () => {
  const reader = readerWith("a\n", 4);
  for (const line of ["bbbbbb\n", "c\n", "dddddd\n", "e\n"]) reader.feedData(encode(line));
  reader.feedEof();
  const lines = [];
  while (!reader.atEof()) {
    lines.push(await reader.readline().then(decode, (error) => error.name));
  }
  assertEquals(lines, ["a\n", "LimitOverrunError", "c\n", "LimitOverrunError", "e\n"]);
});

Deno.test("StreamReader.lines() throws at an overlong line; a new loop continues after it", async () => {
  const reader = readerWith("ok\ntoo long\nok again\n", 5);
  reader.feedEof();
  const lines = reader.lines();
  assertEquals((await lines.next()).value, "ok");
  await assertRejects(() => lines.next(), LimitOverrunError);
  await assertRejects(() => reader.lines().next(), LimitOverrunError);
  assertEquals(await Array.fromAsync(reader.lines()), []);
});

/** `text`, the separators, and what the first record is. */
const RECORDS: [string, Separator, string][] = [
  ["one|two", "|", "one|"],
  ["|", "|", "|"],
  ["one\r\ntwo", "\r\n", "one\r\n"],
  ["one\rtwo\r\n", "\r\n", "one\rtwo\r\n"],
  ["aab", "ab", "aab"],
  ["aaaaab", "aaab", "aaaaab"],
  ["1---2--3", "--", "1--"],
  ["body--boundary--rest", "--boundary--", "body--boundary--"],
  ["snow \u2603 man", "\u2603", "snow \u2603"],
  ["one;two,three", [",", ";"], "one;"],
  ["abc\r\ndef", ["\r\n", "\r"], "abc\r"],
  ["abc\r\ndef", ["\r\n", "\n"], "abc\r\n"],
  ["abcdef", ["bcde", "cd"], "abcd"],
  ["abcdef", ["bcd", "cd", "d"], "abcd"],
  ["xENDyEN", ["EN", "END"], "xEN"],
  ["one\0two", new Uint8Array([0]), "one\0"],
  ["one\0\x01two", [new Uint8Array([0, 1]), "two"], "one\0\x01"],
];

for (const [text, separator, record] of RECORDS) {
  const name = JSON.stringify([text, separator]);
  Deno.test(`StreamReader.readuntil() finds the first end in ${name}, cut anywhere`, async () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const [found, reader] = await readCut(text, cut, (reader) => reader.readuntil(separator));
      assertEquals(decode(found), record);
      reader.feedEof();
      assertEquals(decode(await reader.read()), text.slice(record.length));
    }
  });

  Deno.test(`StreamReader.readuntil() finds the first end in ${name}, byte by byte`, async () => {
    const reader = new StreamReader();
    const reading = reader.readuntil(separator);
    const all = encode(text);
    for (let i = 0; i < all.length; i++) {
      reader.feedData(all.slice(i, i + 1));
      await Promise.resolve();
    }
    assertEquals(decode(await reading), record);
  });
}

Deno.test("StreamReader.readuntil() looks for a line feed by default", async () => {
  assertEquals(decode(await readerWith("a\r\nb").readuntil()), "a\r\n");
});

for (const separator of ["", new Uint8Array(0), [], ["a", ""]]) {
  Deno.test(`StreamReader.readuntil() rejects ${JSON.stringify(separator)} with RangeError`, async () => {
    const reader = readerWith("data");
    await assertRejects(() => reader.readuntil(separator), RangeError, "Cannot search");
    assertEquals(decode(await reader.read(9)), "data");
  });
}

for (const [length, passes] of [[3, true], [4, true], [5, false]] as const) {
  const verb = passes ? "takes" : "rejects";
  Deno.test(`StreamReader.readuntil() ${verb} ${length} bytes before a separator at a limit of 4`, async () => {
    const text = "x".repeat(length) + "--";
    const reader = readerWith(text, 4);
    if (passes) assertEquals(decode(await reader.readuntil("--")), text);
    else assertEquals(await consumedOf(reader.readuntil("--")), length);
    reader.feedEof();
    assertEquals(decode(await reader.read()), passes ? "" : text);
  });
}

Deno.test("StreamReader.readuntil() over the limit consumes nothing, and may be tried again", async () => {
  const reader = readerWith("1234567", 4);
  // The last byte may be the first of the separator.
  assertEquals(await consumedOf(reader.readuntil("--")), 6);
  assertEquals(await consumedOf(reader.readuntil("--")), 6);
  assertEquals(decode(await reader.readuntil("3")), "123");
  reader.feedData(encode("--"));
  assertEquals(decode(await reader.readuntil("--")), "4567--");
});

Deno.test("StreamReader.readuntil() tells how many bytes precede a separator that came too late", async () => {
  const reader = readerWith("12345", 6);
  const reading = reader.readuntil([";", "\r\n"]);
  reader.feedData(encode("67\r\nrest"));
  assertEquals(await consumedOf(reading), 7);
  const rest = await reader.readexactly(9);
  assertEquals(decode(rest), "1234567\r\n");
});

Deno.test("StreamReader.readuntil() with separators of several lengths keeps to the limit of the longest", async () => {
  const reader = readerWith("12", 4);
  const reading = reader.readuntil(["!", "abcdef"]);
  for (const byte of "345a") {
    reader.feedData(encode(byte));
    assertEquals(await stateOf(reading), "pending");
  }
  reader.feedData(encode("bcde"));
  assertEquals(await consumedOf(reading), 5);
  reader.feedData(encode("f"));
  assertEquals(await consumedOf(reader.readuntil(["!", "abcdef"])), 5);
});

Deno.test("StreamReader.readuntil() rejects with what there was when the data ends before", async () => {
  const reader = readerWith("no separ");
  const reading = reader.readuntil("--");
  reader.feedData(encode("ator-"));
  reader.feedEof();
  const error = await assertRejects(() => reading, IncompleteReadError);
  assertEquals(decode(error.partial), "no separator-");
  assertEquals(error.expected, null);
  assertEquals(reader.atEof(), true);
  const again = await assertRejects(() => reader.readuntil("--"), IncompleteReadError);
  assertEquals(again.partial.length, 0);
});

Deno.test("StreamReader.readuntil() takes the separators of each call, also between waits", async () => {
  const reader = readerWith("a;b,c\n");
  const controller = new AbortController();
  const reading = reader.readuntil("|", { signal: controller.signal });
  await stateOf(reading);
  controller.abort();
  await assertRejects(() => reading);
  assertEquals(decode(await reader.readuntil(";")), "a;");
  assertEquals(decode(await reader.readuntil([",", "\n"])), "b,");
  assertEquals(decode(await reader.readuntil("\n")), "c\n");
});

Deno.test("StreamReader.readuntil() reads a separator whose array was changed", async () => {
  const reader = readerWith("a;b,c\n;");
  const separator = encode(";");
  const separators = [separator];
  assertEquals(decode(await reader.readuntil(separator)), "a;");
  separator.set(encode(","));
  assertEquals(decode(await reader.readuntil(separator)), "b,");
  assertEquals(decode(await reader.readuntil(separators.fill(encode("\n")))), "c\n");
  separators[0] = encode(";");
  assertEquals(decode(await reader.readuntil(separators)), ";");
});

Deno.test("StreamReader.readuntil() finds a separator that another call skipped", async () => {
  const reader = readerWith("12|34\n");
  const reading = reader.readuntil("--").catch(() => {});
  reader.feedData(encode("56"));
  reader.setException(new Error("Broken"));
  await reading;
  assertEquals(decode(await reader.readuntil("|")), "12|");
  assertEquals(decode(await reader.readline()), "34\n");
});
