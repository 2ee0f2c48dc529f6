import { IncompleteFrameError } from "@sluice/net";
import { fixedLengthCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";

Deno.test("fixedLengthCodec() cuts messages of one length", () => {
  assertCodec(() => fixedLengthCodec(3), [
    { bytes: "", received: [] },
    { bytes: hex("010203 040506"), received: [hex("010203"), hex("040506")] },
    { bytes: hex("010203 04"), received: [hex("010203")], atEnd: [IncompleteFrameError] },
  ]);
  assertCodec(() => fixedLengthCodec(1), [
    { bytes: hex("01 02"), received: [hex("01"), hex("02")] },
  ]);
});

Deno.test("fixedLengthCodec() refuses to write a message of another length", () => {
  for (const length of [0, 2, 4]) {
    assertThrows(() => fixedLengthCodec(3).encode(new Uint8Array(length)), FrameEncodeError);
  }
});

Deno.test("fixedLengthCodec() rejects an invalid length", () => {
  for (const length of [0, -1, 2.5, NaN, Infinity]) {
    assertThrows(() => fixedLengthCodec(length), RangeError, `${length} bytes`);
  }
});
