import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { netstringCodec } from "@sluice/net/codecs";
import { assertCodec } from "@sluice/net/testing";
import { assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

Deno.test("netstringCodec() reads and writes netstrings", () => {
  assertCodec(() => netstringCodec(), [
    { bytes: "", received: [] },
    {
      name: "the example of the specification",
      bytes: hex("31 32 3a 68 65 6c 6c 6f 20 77 6f 72 6c 64 21 2c"),
      received: [encode("hello world!")],
    },
    { name: "empty", bytes: "0:,", received: [hex("")] },
    { bytes: "1:a,0:,3:,:,,", received: [encode("a"), hex(""), encode(",:,")] },
    { name: "a hundred", bytes: `100:${"x".repeat(100)},`, received: [encode("x".repeat(100))] },
    {
      name: "cut off",
      bytes: "1:a,12:hello",
      received: [encode("a")],
      atEnd: [IncompleteFrameError],
    },
    { name: "no comma", bytes: "1:a,1:b", received: [encode("a")], atEnd: [IncompleteFrameError] },
  ], {
    limit: {
      makeCodec: (maxLength) => netstringCodec({ maxLength }),
      makeMessage: (length) => new Uint8Array(length),
    },
  });
});

Deno.test("netstringCodec() fails for bytes that are not a netstring", () => {
  for (
    const bytes of [
      "a",
      ":",
      "-1:a,",
      "01:a,",
      "00:,",
      "1 :a,",
      "1;a,",
      "1:ab",
      "0:a",
      "1".repeat(16),
    ]
  ) {
    assertCodec(() => netstringCodec({ maxLength: Infinity }), [
      { bytes: `1:x,${bytes}`, received: [encode("x"), FrameDecodeError] },
    ]);
  }
});

Deno.test("netstringCodec() skips a message that is too long", () => {
  assertCodec(() => netstringCodec({ maxLength: 3 }), [
    { bytes: "4:abcd,1:e,", received: [FrameTooLongError, encode("e")] },
    { name: "cut off", bytes: "999999:abcd", received: [FrameTooLongError], endsInside: true },
    {
      name: "no comma after it",
      bytes: "4:abcde1:e,",
      received: [FrameTooLongError, FrameDecodeError],
    },
  ]);
  assertThrows(() => netstringCodec({ maxLength: 0 }), RangeError);
});
