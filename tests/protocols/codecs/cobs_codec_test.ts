import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { cobsCodec } from "@sluice/net/codecs";
import { assertCodec } from "@sluice/net/testing";
import { assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";

/** The bytes from `first` to `last`, counting up. */
function run(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

Deno.test("cobsCodec() reads and writes packets", () => {
  assertCodec(() => cobsCodec(), [
    { bytes: "", received: [] },
    { name: "empty", bytes: hex("01 00"), received: [hex("")] },
    { bytes: hex("0101 00"), received: [hex("00")] },
    { bytes: hex("010101 00"), received: [hex("0000")] },
    { bytes: hex("01021101 00"), received: [hex("001100")] },
    { bytes: hex("031122 0233 00"), received: [hex("11220033")] },
    { bytes: hex("0511223344 00"), received: [hex("11223344")] },
    { bytes: hex("0211 010101 00"), received: [hex("11000000")] },
    {
      name: "the header of a packet, as in the paper",
      bytes: hex("0245 01 042c4c79 01 05 40064f37 00"),
      received: [hex("450000 2c4c79 0000 40064f37")],
    },
    {
      name: "254 bytes without a zero",
      bytes: new Uint8Array([0xff, ...run(1, 254), 0]),
      received: [new Uint8Array(run(1, 254))],
    },
    {
      name: "a zero and 254 bytes without",
      bytes: new Uint8Array([1, 0xff, ...run(1, 254), 0]),
      received: [new Uint8Array(run(0, 254))],
    },
    {
      name: "255 bytes without a zero",
      bytes: new Uint8Array([0xff, ...run(1, 254), 2, 0xff, 0]),
      received: [new Uint8Array(run(1, 255))],
    },
    {
      name: "254 bytes and a zero",
      bytes: new Uint8Array([0xff, ...run(2, 255), 1, 1, 0]),
      received: [new Uint8Array([...run(2, 255), 0])],
    },
    {
      name: "253 bytes, a zero, a byte",
      bytes: new Uint8Array([0xfe, ...run(3, 255), 2, 1, 0]),
      received: [new Uint8Array([...run(3, 255), 0, 1])],
    },
    {
      name: "a redundant code after a full run",
      bytes: new Uint8Array([0xff, ...run(1, 254), 1, 0]),
      received: [new Uint8Array(run(1, 254))],
      sent: null,
    },
    {
      name: "several",
      bytes: hex("0211 00 01 00 0222 00"),
      received: [hex("11"), hex(""), hex("22")],
    },
    { name: "no packets", bytes: hex("00 00"), received: [], sent: null },
    {
      name: "cut off",
      bytes: hex("0211 00 02"),
      received: [hex("11")],
      atEnd: [IncompleteFrameError],
    },
  ], {
    limit: {
      makeCodec: (maxLength) => cobsCodec({ maxLength }),
      makeMessage: (length) => new Uint8Array(length).fill(1),
      length: 300,
    },
  });
});

Deno.test("cobsCodec() reports a bad packet and continues with the next", () => {
  assertCodec(() => cobsCodec(), [
    { bytes: hex("0511 00 0222 00"), received: [FrameDecodeError, hex("22")] },
  ]);
});

Deno.test("cobsCodec() skips a packet that is too long", () => {
  assertCodec(() => cobsCodec({ maxLength: 2 }), [
    {
      bytes: hex("030102 00 04010203 00 0207 00"),
      received: [hex("0102"), FrameTooLongError, hex("07")],
    },
    {
      name: "no longer than one that is not",
      bytes: hex("010101 00 030101 00"),
      received: [hex("0000"), hex("0101")],
    },
    { name: "cut off", bytes: hex("05010203"), received: [FrameTooLongError], endsInside: true },
  ]);
  assertThrows(() => cobsCodec({ maxLength: 0 }), RangeError);
});
