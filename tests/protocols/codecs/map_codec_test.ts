import { FrameDecodeError, FrameTooLongError, lineCodec, mapCodec } from "@sluice/net";
import { netstringCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";

/** Whole numbers, one a line. */
const numbers = (maxLength = 5) =>
  mapCodec(lineCodec({ maxLength }), {
    decode(line: string): number {
      if (/^\d+$/.test(line)) return Number(line);
      throw new SyntaxError(`Cannot read number: "${line}"`);
    },
    encode(value: number): string {
      if (value >= 0) return String(value);
      throw new RangeError(`Cannot write number: ${value}`);
    },
  });

Deno.test("mapCodec() maps messages both ways", () => {
  assertCodec(() => numbers(), [
    { bytes: "1\n22\n", received: [1, 22] },
    { bytes: "1\r\n2", received: [1], atEnd: [2] },
  ], {
    limit: { makeCodec: numbers, makeMessage: (length) => 10 ** (length - 1), length: 4 },
  });
});

Deno.test("mapCodec() reports an exception of decode as a bad message, and continues", () => {
  assertCodec(() => numbers(), [
    { bytes: "1\nx\n2\n", received: [1, FrameDecodeError, 2] },
    { bytes: "1\nx", received: [1], atEnd: [FrameDecodeError] },
    { bytes: "1\n123456\n2\n", received: [1, FrameTooLongError, 2] },
  ]);
});

Deno.test("mapCodec() wraps an exception of encode in a FrameEncodeError", () => {
  const error = assertThrows(
    () => numbers().encode(-1),
    FrameEncodeError,
    "Cannot write number: -1",
  );
  assertInstanceOf(error.cause, RangeError);
  assertEquals(error.recoverable, true);
});

Deno.test("mapCodec() passes on framing errors", () => {
  const refuse = (_message: unknown): never => {
    throw new FrameTooLongError(2, 1, false);
  };
  const codec = () =>
    mapCodec<Uint8Array, Uint8Array, string>(netstringCodec(), { decode: refuse, encode: refuse });
  assertCodec(codec, [{ bytes: "0:,0:,", received: [FrameTooLongError] }]);
  assertThrows(() => codec().encode("a"), FrameTooLongError);
});
