import { FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { delimiterCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode as utf8 } from "../../support/text.ts";

Deno.test("delimiterCodec() reads messages between delimiters of one byte", () => {
  assertCodec(() => delimiterCodec("\0"), [
    { bytes: hex("01 02 00 00 03 00"), received: [hex("01 02"), hex(""), hex("03")] },
    { bytes: hex("01"), received: [], atEnd: [hex("01")] },
  ], {
    limit: {
      makeCodec: (maxLength) => delimiterCodec("\0", { maxLength }),
      makeMessage: (length) => new Uint8Array(length).fill(1),
    },
  });
});

Deno.test("delimiterCodec() reads messages between delimiters of several bytes", () => {
  const makeCodec = (maxLength = 20) => delimiterCodec("--sep--", { as: "text", maxLength });
  assertCodec(makeCodec, [
    { bytes: "one--sep--two--sep--", received: ["one", "two"] },
    { name: "false starts", bytes: "a--se---sep--", received: ["a--se-"] },
    { name: "half of one at the end", bytes: "a--sep--b--se", received: ["a"], atEnd: ["b--se"] },
    {
      name: "over the limit",
      bytes: `${"-".repeat(40)}--sep--next--sep--`,
      received: [FrameTooLongError, "next"],
    },
  ], { limit: { makeCodec, makeMessage: (length) => "x".repeat(length) } });
});

Deno.test("delimiterCodec() reads up to the delimiter that ends first, and writes the first of its list", () => {
  assertCodec(() => delimiterCodec([";", "\r\n", "\n", "END"], { as: "text" }), [
    { bytes: "a\r\nb\nc;dENDe;", received: ["a", "b", "c", "d", "e"], sent: null },
    { bytes: "a;b;", received: ["a", "b"] },
    { bytes: "EN;E\n", received: ["EN", "E"], sent: null },
  ]);
});

Deno.test("delimiterCodec() takes the longer of two delimiters that end together", () => {
  assertCodec(() => delimiterCodec(["b", "ab"], { as: "text" }), [
    { bytes: "xabyb", received: ["x", "y"], sent: null },
  ]);
});

Deno.test("delimiterCodec() takes a delimiter that is not UTF-8", () => {
  assertCodec(() => delimiterCodec(hex("a9"), { as: "text" }), [
    { bytes: hex("61 a9 62 a9"), received: ["a", "b"] },
  ]);
  assertThrows(() => delimiterCodec(hex("a9"), { as: "text" }).encode("é"), FrameEncodeError);
});

Deno.test("delimiterCodec() with requireDelimiter fails for a last message without a delimiter", () => {
  assertCodec(() => delimiterCodec(";", { as: "text", requireDelimiter: true }), [
    { bytes: "a;b", received: ["a"], atEnd: [IncompleteFrameError] },
  ]);
});

Deno.test("delimiterCodec() refuses to write messages that would be read as something else", () => {
  const encode = (delimiter: string | string[], text: string) => {
    assertThrows(() => delimiterCodec(delimiter, { as: "text" }).encode(text), FrameEncodeError);
    assertThrows(() => delimiterCodec(delimiter).encode(utf8(text)), FrameEncodeError);
  };
  encode(";", "a;b");
  encode("ab", "xaby");
  encode("aa", "ba");
  encode([";", "x;"], "x");
  assertEquals(delimiterCodec("ab", { as: "text" }).encode("xa"), "xaab");
});

Deno.test("delimiterCodec() rejects bad options", () => {
  assertThrows(() => delimiterCodec([]), RangeError);
  assertThrows(() => delimiterCodec(["a", ""]), RangeError);
  assertThrows(() => delimiterCodec(";", { maxLength: 0 }), RangeError);
});
