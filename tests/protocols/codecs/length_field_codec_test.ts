import {
  type Bytes,
  FrameDecodeError,
  FrameTooLongError,
  IncompleteFrameError,
  lengthFieldCodec,
} from "@sluice/net";
import type { LengthFieldCodecOptions } from "@sluice/net/codecs";
import { FrameEncodeError, FrameReader, NEED_MORE } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode as utf8 } from "../../support/text.ts";

const HELLO = utf8("HELLO, WORLD");

/**
 * Whole frames and what they hold, one for each way to place and count a length: those of Netty's
 * documentation.
 */
const LAYOUTS: [name: string, LengthFieldCodecOptions, frame: Uint8Array, message: Bytes][] = [
  ["2 bytes, header kept", { lengthBytes: 2, strip: 0 }, frame("000c"), frame("000c")],
  ["2 bytes, header stripped", { lengthBytes: 2 }, frame("000c"), HELLO],
  [
    "2 bytes that count the whole frame",
    { lengthBytes: 2, adjustment: -2, strip: 0 },
    frame("000e"),
    frame("000e"),
  ],
  [
    "3 bytes behind a header of 2",
    { offset: 2, lengthBytes: 3, strip: 0 },
    frame("cafe 00000c"),
    frame("cafe 00000c"),
  ],
  [
    "3 bytes before a header of 2 that they do not count",
    { lengthBytes: 3, adjustment: 2, strip: 0 },
    frame("00000c cafe"),
    frame("00000c cafe"),
  ],
  [
    "2 bytes between two headers, the first and the length stripped",
    { offset: 1, lengthBytes: 2, adjustment: 1, strip: 3, header: hex("ca 0000") },
    frame("ca 000c fe"),
    frame("fe"),
  ],
  [
    "the same, counting the whole frame",
    { offset: 1, lengthBytes: 2, adjustment: -3, strip: 3, header: hex("ca 0000") },
    frame("ca 0010 fe"),
    frame("fe"),
  ],
  ["1 byte", { lengthBytes: 1 }, frame("0c"), HELLO],
  ["3 bytes", { lengthBytes: 3 }, frame("00000c"), HELLO],
  ["4 bytes", {}, frame("0000000c"), HELLO],
  ["8 bytes", { lengthBytes: 8 }, frame("00000000 0000000c"), HELLO],
  ["2 bytes, low one first", { lengthBytes: 2, littleEndian: true }, frame("0c00"), HELLO],
  ["3 bytes, low one first", { lengthBytes: 3, littleEndian: true }, frame("0c0000"), HELLO],
  [
    "8 bytes, low one first",
    { lengthBytes: 8, littleEndian: true },
    frame("0c000000 00000000"),
    HELLO,
  ],
  ["includesHeader", { lengthBytes: 4, includesHeader: true }, frame("00000010"), HELLO],
  [
    "part of the header stripped",
    { offset: 2, lengthBytes: 2, strip: 1 },
    frame("00fe 000c"),
    frame("fe 000c"),
  ],
  [
    "more stripped than the header",
    { lengthBytes: 1, strip: 3, header: hex("00 fefe") },
    hex("03 fefe 07"),
    hex("07"),
  ],
];

function frame(header: string): Bytes {
  return new Uint8Array([...hex(header), ...HELLO]);
}

for (const [name, options, bytes, message] of LAYOUTS) {
  Deno.test(`lengthFieldCodec() reads and writes ${name}`, () => {
    const strip = options.strip ?? (options.offset ?? 0) + (options.lengthBytes ?? 4);
    const makeCodec = (maxLength = 100) => lengthFieldCodec({ ...options, maxLength });
    const half = bytes.slice(0, bytes.length / 2);
    assertCodec(makeCodec, [
      { bytes: "", received: [] },
      { bytes, received: [message] },
      { bytes: new Uint8Array([...bytes, ...bytes]), received: [message, message] },
      { name: "cut off", bytes: half, received: [], atEnd: [IncompleteFrameError] },
    ]);
    const least = strip === 0 ? 7 : 4;
    assertCodec(makeCodec, [], {
      limit: {
        makeCodec,
        makeMessage: (length) => withLength(options, Math.max(least, length)),
        length: 30,
      },
    });
  });
}

/** A message of so many bytes, with its length filled in where the header belongs to it. */
function withLength(options: LengthFieldCodecOptions, length: number): Uint8Array {
  const codec = lengthFieldCodec(options);
  const reader = new FrameReader(codec);
  const encoded = codec.encode(new Uint8Array(length).fill(7));
  assertInstanceOf(encoded, Uint8Array);
  reader.feedData(new Uint8Array(encoded));
  const message = reader.next();
  assert(message !== NEED_MORE);
  return message;
}

Deno.test("lengthFieldCodec() reads empty messages", () => {
  assertCodec(() => lengthFieldCodec({ lengthBytes: 2 }), [
    { bytes: hex("0000 0000 0001 07 0000"), received: [hex(""), hex(""), hex("07"), hex("")] },
  ]);
});

Deno.test("lengthFieldCodec() skips a message that is too long", () => {
  assertCodec(() => lengthFieldCodec({ lengthBytes: 2, maxLength: 3 }), [
    {
      bytes: hex("0003 010203 0004 01020304 0001 07"),
      received: [hex("010203"), FrameTooLongError, hex("07")],
    },
    { name: "cut off", bytes: hex("ffff 010203"), received: [FrameTooLongError], endsInside: true },
  ]);
  const reader = new FrameReader(lengthFieldCodec());
  reader.feedData(hex("4000 0000 01"));
  const error = assertThrows(() => reader.next(), FrameTooLongError);
  assertEquals([error.length, error.limit, error.recoverable], [2 ** 30, 1_048_576, true]);
  for (let i = 0; i < 100; i++) {
    reader.feedData(new Uint8Array(1_000_000));
    assertEquals(reader.next(), NEED_MORE);
    assertEquals(reader.buffered, 0);
  }
});

Deno.test("lengthFieldCodec() fails for an impossible length", () => {
  const bytes = hex("ffffffff ffffffff 01");
  assertCodec(() => lengthFieldCodec({ lengthBytes: 8 }), [{
    bytes,
    received: [FrameTooLongError],
  }]);
  assertCodec(() => lengthFieldCodec({ lengthBytes: 2, includesHeader: true }), [
    { bytes: hex("0002 0001 00"), received: [hex(""), FrameDecodeError] },
  ]);
  assertCodec(() => lengthFieldCodec({ lengthBytes: 1, strip: 3 }), [
    { bytes: hex("01 02"), received: [FrameDecodeError] },
  ]);
});

Deno.test("lengthFieldCodec() does not copy a large payload", () => {
  const payload = new Uint8Array(100_000);
  const parts = lengthFieldCodec().encode(payload);
  assert(Array.isArray(parts));
  assertEquals(parts[0], hex("000186a0"));
  assertStrictEquals(parts[1], payload);
});

Deno.test("lengthFieldCodec() does not change the message when it fills in the length", () => {
  const message = hex("cafe 0000 07");
  const sent = lengthFieldCodec({ offset: 2, lengthBytes: 2, strip: 0 }).encode(message);
  assertEquals(sent, hex("cafe 0001 07"));
  assertEquals(message, hex("cafe 0000 07"));
});

Deno.test("lengthFieldCodec() refuses to write lengths that its field cannot hold", () => {
  const encode = (options: LengthFieldCodecOptions, length: number) =>
    assertThrows(() => lengthFieldCodec(options).encode(new Uint8Array(length)), FrameEncodeError);
  encode({ lengthBytes: 1 }, 256);
  encode({ lengthBytes: 2 }, 65_536);
  encode({ lengthBytes: 2, strip: 0 }, 1);
  encode({ lengthBytes: 2, adjustment: 5 }, 4);
  assertThrows(
    () => lengthFieldCodec({ maxLength: 10 }).encode(new Uint8Array(11)),
    FrameTooLongError,
  );
});

Deno.test("lengthFieldCodec() rejects bad options", () => {
  // A program without types may give any number.
  const five = 5 as 4;
  assertThrows(() => lengthFieldCodec({ lengthBytes: five }), RangeError);
  assertThrows(() => lengthFieldCodec({ offset: -1 }), RangeError);
  assertThrows(() => lengthFieldCodec({ adjustment: 0.5 }), RangeError);
  assertThrows(() => lengthFieldCodec({ strip: NaN }), RangeError);
  assertThrows(() => lengthFieldCodec({ header: new Uint8Array(3) }), RangeError);
  assertThrows(() => lengthFieldCodec({ maxLength: 0 }), RangeError);
  assertThrows(() => lengthFieldCodec({ adjustment: 1, includesHeader: true }), TypeError);
});

Deno.test("lengthFieldCodec() notices in mid-message that it is shared by two connections", () => {
  const codec = lengthFieldCodec({ maxLength: 1 });
  const reader = new FrameReader(codec);
  reader.feedData(hex("00000005"));
  assertThrows(() => reader.next(), FrameTooLongError);
  assertThrows(() => new FrameReader(codec).next(), Error, "belongs to another connection");
});
