import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { slipCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assert, assertStrictEquals, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";

Deno.test("slipCodec() reads and writes packets", () => {
  assertCodec(() => slipCodec(), [
    { bytes: "", received: [] },
    { bytes: hex("c0 0102 c0 c0 03 c0"), received: [hex("0102"), hex("03")] },
    { name: "END inside", bytes: hex("c0 01 dbdc 02 c0"), received: [hex("01c002")] },
    { name: "ESC inside", bytes: hex("c0 01 dbdd 02 c0"), received: [hex("01db02")] },
    { name: "nothing but escapes", bytes: hex("c0 dbdc dbdd c0"), received: [hex("c0db")] },
    {
      name: "transposed END and ESC by themselves",
      bytes: hex("c0 dcdd c0"),
      received: [hex("dcdd")],
    },
    {
      name: "one END between",
      bytes: hex("01 c0 02 c0"),
      received: [hex("01"), hex("02")],
      sent: null,
    },
    { name: "no packets", bytes: hex("c0 c0 c0"), received: [], sent: null },
    {
      name: "cut off",
      bytes: hex("c0 01 c0 02"),
      received: [hex("01")],
      atEnd: [IncompleteFrameError],
    },
  ], {
    limit: {
      makeCodec: (maxLength) => slipCodec({ maxLength }),
      makeMessage: (length) => new Uint8Array(length).fill(0xc0),
    },
  });
});

Deno.test("slipCodec() reports a bad escape and continues with the next packet", () => {
  assertCodec(() => slipCodec(), [
    { bytes: hex("01 db02 c0 03 c0"), received: [FrameDecodeError, hex("03")] },
    {
      name: "END after ESC",
      bytes: hex("01 db c0 03 c0"),
      received: [FrameDecodeError, hex("03")],
    },
  ]);
});

Deno.test("slipCodec() with lenient reads a bad escape as RFC 1055 does", () => {
  assertCodec(() => slipCodec({ lenient: true }), [
    { bytes: hex("c0 01 db02 c0"), received: [hex("0102")], sent: null },
    { bytes: hex("c0 01 db c0 03 c0"), received: [FrameDecodeError, hex("03")] },
  ]);
});

Deno.test("slipCodec() skips a packet that is too long", () => {
  assertCodec(() => slipCodec({ maxLength: 2 }), [
    {
      bytes: hex("c0 0102 c0 010203 c0 07 c0"),
      received: [hex("0102"), FrameTooLongError, hex("07")],
    },
    { bytes: hex("c0 0102030405 c0 07 c0"), received: [FrameTooLongError, hex("07")] },
    {
      name: "cut off",
      bytes: hex("c0 0102030405"),
      received: [FrameTooLongError],
      endsInside: true,
    },
  ]);
});

Deno.test("slipCodec() does not copy a packet without escapes", () => {
  const packet = new Uint8Array(10_000);
  const parts = slipCodec().encode(packet);
  assert(Array.isArray(parts));
  assertStrictEquals(parts[1], packet);
});

Deno.test("slipCodec() rejects an empty packet and a bad limit", () => {
  assertThrows(() => slipCodec().encode(new Uint8Array(0)), FrameEncodeError);
  assertThrows(() => slipCodec({ maxLength: 0 }), RangeError);
});
