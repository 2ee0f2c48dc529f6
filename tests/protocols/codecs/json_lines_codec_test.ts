import { FrameDecodeError, FrameTooLongError, jsonLinesCodec } from "@sluice/net";
import { FrameEncodeError, FrameReader } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

Deno.test("jsonLinesCodec() reads and writes any value", () => {
  assertCodec(() => jsonLinesCodec(), [
    { bytes: "", received: [] },
    {
      bytes: '{"a":[1,null]}\n"b\\nc"\ntrue\n-0.5\nnull\n',
      received: [{ a: [1, null] }, "b\nc", true, -0.5, null],
    },
    { name: "CRLF", bytes: "1\r\n2\r\n", received: [1, 2], sent: null },
    { name: "blank lines", bytes: "\n1\n \t\n\r\n2\n\n", received: [1, 2], sent: null },
    { name: "no ending", bytes: "1\n2", received: [1], atEnd: [2] },
    {
      name: "nothing but blanks at the end",
      bytes: "1\n  ",
      received: [1],
      sent: null,
      endsInside: true,
    },
    { name: "any character", bytes: '"ž🌍\u2028"\n', received: ["ž🌍\u2028"] },
  ], {
    limit: {
      makeCodec: (maxLength) => jsonLinesCodec({ maxLength }),
      makeMessage: (length) => length === 1 ? 1 : "x".repeat(length - 2),
    },
  });
});

Deno.test("jsonLinesCodec() reports a bad line and continues with the next", () => {
  assertCodec(() => jsonLinesCodec({ maxLength: 8 }), [
    { bytes: "{\n1\n", received: [FrameDecodeError, 1] },
    { bytes: "\ufeff1\n2\n", received: [FrameDecodeError, 2] },
    {
      bytes: new Uint8Array([...hex("22 ff 22 0a"), ...encode("1\n")]),
      received: [FrameDecodeError, 1],
    },
    { bytes: '"too long"\n1\n', received: [FrameTooLongError, 1] },
  ]);
});

Deno.test("jsonLinesCodec() gives values the type that parse gives them", () => {
  const parse = (value: unknown): number => {
    if (typeof value === "number") return value;
    throw new TypeError("Cannot use value: not a number");
  };
  const codec = jsonLinesCodec({ parse });
  const reader = new FrameReader(codec);
  reader.feedData(encode('1\n"x"\n2\n'));
  assertEquals(reader.next(), 1);
  const error = assertThrows(() => reader.next(), FrameDecodeError, "not a number");
  assertInstanceOf(error.cause, TypeError);
  assertEquals(reader.next(), 2);
});

Deno.test("jsonLinesCodec() refuses to write values that JSON does not have", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  for (const value of [undefined, () => 1, Symbol("a"), 1n, loop]) {
    assertThrows(() => jsonLinesCodec().encode(value), FrameEncodeError);
  }
  assertThrows(() => jsonLinesCodec({ maxLength: 0 }), RangeError);
});
