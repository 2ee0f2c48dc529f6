import { FrameDecodeError, FrameTooLongError, IncompleteFrameError, lineCodec } from "@sluice/net";
import { FrameEncodeError, FrameReader, NEED_MORE, ReceiveBuffer } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

const limit = {
  makeCodec: (maxLength: number) => lineCodec({ maxLength }),
  makeMessage: (length: number) => "x".repeat(length),
};

Deno.test("lineCodec() reads lines that end either way and writes LF", () => {
  assertCodec(() => lineCodec({ maxLength: 12 }), [
    { bytes: "", received: [] },
    { bytes: "\n", received: [""] },
    { bytes: "one\n", received: ["one"] },
    { bytes: "one\ntwo\n\nfour\n", received: ["one", "two", "", "four"] },
    { bytes: "one\r\ntwo\n\r\n", received: ["one", "two", ""], sent: null },
    { name: "a CR by itself is content", bytes: "a\rb\n", received: ["a\rb"] },
    { name: "only one CR is stripped", bytes: "a\r\r\n", received: ["a\r"], sent: [] },
    { name: "no ending", bytes: "one\nlast", received: ["one"], atEnd: ["last"] },
    { name: "half an ending", bytes: "one\nlast\r", received: ["one"], atEnd: ["last"] },
    {
      name: "half an ending alone",
      bytes: "one\n\r",
      received: ["one"],
      sent: null,
      endsInside: true,
    },
    { name: "any character", bytes: "ž水🌍\u0000\u007f\n", received: ["ž水🌍\u0000\u007f"] },
    { name: "a byte order mark is a character", bytes: "\ufeffa\n", received: ["\ufeffa"] },
    { name: "a replacement character", bytes: "\ufffd\n", received: ["\ufffd"] },
  ], { limit });
});

Deno.test("lineCodec() reads what tokio-util's LinesCodec is tested with", () => {
  const bytes = "line 1\nline 2\r\nline 3\n\r\n\r";
  const received = ["line 1", "line 2", "line 3", ""];
  assertCodec(() => lineCodec(), [
    { name: "half an ending at the end", bytes, received, sent: null, endsInside: true },
    { name: "more behind it", bytes: `${bytes}k`, received, atEnd: ["\rk"] },
  ]);
  const error = FrameTooLongError;
  assertCodec(() => lineCodec({ maxLength: 6 }), [
    { name: "overlong", bytes: "line 1 is too long\nline 2\n", received: [error, "line 2"] },
    { name: "empty behind it", bytes: "line 1 is too long\n\nk\n", received: [error, "", "k"] },
    { name: "overlong with CRLF", bytes: "too long\r\n123456\r\n", received: [error, "123456"] },
    { name: "no end in sight", bytes: "line 1 is too long", received: [error], endsInside: true },
  ]);
});

Deno.test("lineCodec() with ending crlf reads what Twisted's LineReceiver does", () => {
  assertCodec(() => lineCodec({ ending: "crlf", as: "bytes", maxLength: 6 }), [
    { name: "empty lines", bytes: "\r\n\r\n", received: [encode(""), encode("")] },
    { name: "a delimiter that begins twice", bytes: "a\r\r\n", received: [encode("a\r")] },
    { name: "just the limit", bytes: "123456\r\n1\r\n", received: [encode("123456"), encode("1")] },
    { name: "one over it", bytes: "1234567\r\n1\r\n", received: [FrameTooLongError, encode("1")] },
    {
      name: "half an ending at the limit",
      bytes: "123456\r",
      received: [],
      endsInside: true,
      atEnd: [FrameTooLongError],
    },
  ]);
});

Deno.test("lineCodec() with ending lf leaves CR in the line", () => {
  assertCodec(() => lineCodec({ ending: "lf" }), [
    { bytes: "one\r\ntwo\n", received: ["one\r", "two"] },
    { bytes: "last\r", received: [], atEnd: ["last\r"] },
  ], { limit });
});

Deno.test("lineCodec() with ending crlf leaves lone CR and LF in the line", () => {
  const makeCodec = (maxLength?: number) =>
    lineCodec({ ending: "crlf", ...(maxLength && { maxLength }) });
  assertCodec(makeCodec, [
    { bytes: "one\r\ntwo\r\n", received: ["one", "two"] },
    { bytes: "a\nb\rc\r\r\n\n\r\n", received: ["a\nb\rc\r", "\n"] },
    { bytes: "last\r", received: [], atEnd: ["last\r"] },
  ], { limit: { ...limit, makeCodec } });
});

Deno.test("lineCodec() writes CRLF and reads either when asked to", () => {
  assertCodec(() => lineCodec({ writtenEnding: "crlf" }), [
    { bytes: "one\r\ntwo\r\n", received: ["one", "two"] },
    { bytes: "one\ntwo\r\n", received: ["one", "two"], sent: null },
    { bytes: "a\r\r\n", received: ["a\r"] },
  ]);
});

Deno.test("lineCodec() as bytes takes any bytes", () => {
  assertCodec(() => lineCodec({ as: "bytes", maxLength: 4 }), [
    { bytes: hex("ff fe 0a 0a"), received: [hex("ff fe"), hex("")] },
    { bytes: hex("ff fe 0d 0a 61"), received: [hex("ff fe")], atEnd: [hex("61")] },
  ], {
    limit: {
      makeCodec: (maxLength) => lineCodec({ as: "bytes", maxLength }),
      makeMessage: (length) => new Uint8Array(length).fill(200),
    },
  });
});

Deno.test("lineCodec() reports an overlong line once and goes on with the next", () => {
  assertCodec(
    () => lineCodec({ maxLength: 5 }),
    [
      { bytes: "12345\n123456\n1\n", received: ["12345", FrameTooLongError, "1"] },
      {
        name: "with CRLF",
        bytes: "12345\r\n123456\r\n1\n",
        received: ["12345", FrameTooLongError, "1"],
      },
      {
        name: "far over",
        bytes: `${"x".repeat(100)}\nnext\n`,
        received: [FrameTooLongError, "next"],
      },
      {
        name: "two in a row",
        bytes: `${"x".repeat(20)}\n${"y".repeat(20)}\nnext\n`,
        received: [FrameTooLongError, FrameTooLongError, "next"],
      },
      {
        name: "never ends",
        bytes: "x".repeat(20),
        received: [FrameTooLongError],
        endsInside: true,
      },
      { name: "at the end", bytes: "12345\r", received: [], atEnd: ["12345"] },
      { name: "over at the end", bytes: "1\n123456", received: ["1"], atEnd: [FrameTooLongError] },
    ].map((one) => ({ sent: null, ...one })),
  );
});

Deno.test("lineCodec() reads long input of any characters, however it is cut", () => {
  const random = new Random(1);
  const lines = Array.from({ length: 3000 }, (_, i) => {
    const word = random.pick("plain", "ž", "🌍", "", "x".repeat(100), "\ufeff", "a\rb");
    return `${i}${word.repeat(random.below(4))}`;
  });
  const bytes = encode(lines.map((line, i) => `${line}${i % 3 === 0 ? "\r\n" : "\n"}`).join(""));
  for (const largest of [10, 1000, 70_000, bytes.length]) {
    const reader = new FrameReader(lineCodec());
    const seen: unknown[] = [];
    for (const piece of random.split(bytes, 1, largest)) {
      reader.feedData(piece.slice());
      for (let line = reader.next(); line !== NEED_MORE; line = reader.next()) seen.push(line);
    }
    assertEquals(seen.join("\n") === lines.join("\n"), true, `pieces of at most ${largest}`);
  }
});

Deno.test("lineCodec() consumes one line and no further byte", () => {
  const buffer = new ReceiveBuffer();
  const codec = lineCodec();
  buffer.append(encode("one\ntwo\r\nthree\n"));
  for (const [line, position] of [["one", 4], ["two", 9], ["three", 15]]) {
    assertEquals([codec.decode(buffer), buffer.position], [line, position]);
  }
  buffer.append(encode("four\nfive\nsix\n"));
  assertEquals(codec.decode(buffer), "four");
  // Bytes that another reader has taken in between are not read again.
  buffer.skip(5);
  assertEquals(codec.decode(buffer), "six");
});

Deno.test("lineCodec() drops an overlong line as it arrives", () => {
  const reader = new FrameReader(lineCodec({ maxLength: 100 }));
  reader.feedData(new Uint8Array(102).fill(120));
  const error = assertThrows(() => reader.next(), FrameTooLongError);
  assertEquals([error.length, error.limit, error.recoverable], [101, 100, true]);
  for (let i = 0; i < 1000; i++) {
    reader.feedData(new Uint8Array(1000).fill(120));
    assertEquals(reader.next(), NEED_MORE);
    assert(reader.buffered <= 1, `${reader.buffered} bytes are held`);
  }
  reader.feedData(encode("x\nnext\n"));
  assertEquals(reader.next(), "next");
});

Deno.test("lineCodec() reports a line that is not UTF-8 and continues with the next", () => {
  const reader = new FrameReader(lineCodec());
  reader.feedData(hex("c3 28 0a 6f 6b 0a 80"));
  const error = assertThrows(() => reader.next(), FrameDecodeError);
  assertEquals(error.recoverable, true);
  assertInstanceOf(error.cause, TypeError);
  assertEquals(reader.next(), "ok");
  reader.feedEof();
  assertThrows(() => reader.next(), FrameDecodeError);
  assertEquals(reader.next(), NEED_MORE);
  assert(reader.isDone);
});

Deno.test("lineCodec() with requireEnding fails for a last line without an ending", () => {
  assertCodec(() => lineCodec({ requireEnding: true }), [
    { bytes: "one\n", received: ["one"] },
    { bytes: "one\ntwo", received: ["one"], atEnd: [IncompleteFrameError] },
    { bytes: "one\n\r", received: ["one"], atEnd: [IncompleteFrameError] },
  ]);
});

Deno.test("lineCodec() refuses to write messages that would be read as something else", () => {
  for (const line of ["a\nb", "\n", "a\r\nb", "a\r"]) {
    assertThrows(() => lineCodec().encode(line), FrameEncodeError);
    assertThrows(() => lineCodec({ as: "bytes" }).encode(encode(line)), FrameEncodeError);
  }
  for (const line of ["a\r\n", "\r\n\r"]) {
    assertThrows(() => lineCodec({ ending: "crlf" }).encode(line), FrameEncodeError);
  }
  assertThrows(() => lineCodec({ ending: "lf" }).encode("\n"), FrameEncodeError);
  assertThrows(() => lineCodec({ maxLength: 2 }).encode("ž1"), FrameTooLongError);
  assertThrows(() => lineCodec({ maxLength: 2 }).encode("123"), FrameTooLongError);
});

Deno.test("lineCodec() rejects bad options", () => {
  for (const maxLength of [0, -1, 1.5, NaN]) {
    assertThrows(() => lineCodec({ maxLength }), RangeError, `maxLength ${maxLength} is not`);
  }
  assertThrows(() => lineCodec({ ending: "lf", writtenEnding: "crlf" }), TypeError);
});

Deno.test("lineCodec() notices that it is shared by two connections", () => {
  const codec = lineCodec();
  const readers = [new FrameReader(codec), new FrameReader(codec)] as const;
  for (const reader of readers) reader.feedData(encode("one\ntwo\n"));
  assertEquals(readers[0].next(), "one");
  assertThrows(() => readers[1].next(), Error, "belongs to another connection");
});
