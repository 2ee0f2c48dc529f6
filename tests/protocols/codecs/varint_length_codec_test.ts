import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { varintLengthCodec } from "@sluice/net/codecs";
import { assertCodec } from "@sluice/net/testing";
import { assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";

const THREE_HUNDRED = new Uint8Array(300).fill(7);

Deno.test("varintLengthCodec() reads and writes lengths of one byte and more", () => {
  assertCodec(() => varintLengthCodec(), [
    { bytes: "", received: [] },
    { bytes: hex("00"), received: [hex("")] },
    { bytes: hex("02 0809 01 07"), received: [hex("0809"), hex("07")] },
    { name: "150 in a message", bytes: hex("03 089601"), received: [hex("089601")] },
    {
      name: "127",
      bytes: new Uint8Array([127, ...new Uint8Array(127)]),
      received: [new Uint8Array(127)],
    },
    {
      name: "128",
      bytes: new Uint8Array([0x80, 0x01, ...new Uint8Array(128)]),
      received: [new Uint8Array(128)],
    },
    {
      name: "300",
      bytes: new Uint8Array([0xac, 0x02, ...THREE_HUNDRED]),
      received: [THREE_HUNDRED],
    },
    { name: "longer than need be", bytes: hex("81 80 00 07"), received: [hex("07")], sent: null },
    {
      name: "cut off",
      bytes: hex("01 07 80"),
      received: [hex("07")],
      atEnd: [IncompleteFrameError],
    },
  ], {
    limit: {
      makeCodec: (maxLength) => varintLengthCodec({ maxLength }),
      makeMessage: (length) => new Uint8Array(length),
      length: 200,
    },
  });
});

Deno.test("varintLengthCodec() skips a message that is too long", () => {
  assertCodec(() => varintLengthCodec({ maxLength: 2 }), [
    {
      bytes: hex("02 0102 03 010203 01 07"),
      received: [hex("0102"), FrameTooLongError, hex("07")],
    },
    { bytes: hex("ffffff7f 00"), received: [FrameTooLongError], endsInside: true },
  ]);
});

Deno.test("varintLengthCodec() fails for an impossible length", () => {
  assertCodec(() => varintLengthCodec(), [
    { name: "2^64 - 1", bytes: hex("ffffffffffffffffff01"), received: [FrameTooLongError] },
    { name: "11 bytes", bytes: hex("ffffffffffffffffffff01"), received: [FrameDecodeError] },
  ]);
  assertThrows(() => varintLengthCodec({ maxLength: 0 }), RangeError);
});
