import {
  type Codec,
  FrameTooLongError,
  IncompleteFrameError,
  lengthFieldCodec,
  lineCodec,
} from "@sluice/net";
import { netstringCodec, withMaxLength } from "@sluice/net/codecs";
import {
  type EncodedMessage,
  FrameReader,
  NEED_MORE,
  type NeedMore,
  type ReceiveBuffer,
} from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

/** Digits and a dot, consumed one by one: a codec that remembers what it took. */
class DigitsCodec implements Codec<string> {
  #digits = "";

  decode(buffer: ReceiveBuffer): string | NeedMore {
    while (buffer.length > 0) {
      const character = buffer.takeText(1);
      if (character === ".") {
        const digits = this.#digits;
        this.#digits = "";
        return digits;
      }
      this.#digits += character;
    }
    return NEED_MORE;
  }

  decodeEnd(): NeedMore {
    if (this.#digits !== "") throw new IncompleteFrameError(this.#digits.length);
    return NEED_MORE;
  }

  encode(digits: string): EncodedMessage {
    return [digits, encode(".")];
  }
}

Deno.test("withMaxLength() limits the bytes that a codec reads for one message", () => {
  assertCodec(() => withMaxLength(lineCodec({ ending: "lf" }), 4), [
    { bytes: "123\n12\n", received: ["123", "12"] },
    { bytes: "1\n1234\n", received: ["1", FrameTooLongError] },
    { bytes: "1\n12345", received: ["1", FrameTooLongError], endsInside: true },
  ], {
    limit: {
      // The line feed counts, too.
      makeCodec: (maxLength) => withMaxLength(lineCodec({ ending: "lf" }), maxLength + 1),
      makeMessage: (length) => "x".repeat(length),
    },
  });
});

Deno.test("withMaxLength() counts bytes that a codec consumes in steps", () => {
  assertCodec(() => withMaxLength(new DigitsCodec(), 4), [
    { bytes: "123.12.", received: ["123", "12"] },
    { bytes: "1.1234.", received: ["1", FrameTooLongError] },
    { bytes: "1.12", received: ["1"], atEnd: [IncompleteFrameError] },
  ], {
    limit: {
      // The dot is not part of the message.
      makeCodec: (maxLength) => withMaxLength(new DigitsCodec(), maxLength + 1),
      makeMessage: (length) => "7".repeat(length),
    },
  });
});

Deno.test("withMaxLength() counts from zero after a skipped message", () => {
  const codec = () => withMaxLength(netstringCodec({ maxLength: 2 }), 6);
  assertCodec(codec, [{
    bytes: "3:abc,2:de,2:fg,",
    received: [FrameTooLongError, encode("de"), encode("fg")],
  }]);
});

Deno.test("withMaxLength() limits sent messages, in every form", () => {
  const length = "žž".length * 2;
  assertEquals(withMaxLength(new DigitsCodec(), length + 1).encode("žž"), ["žž", encode(".")]);
  assertThrows(() => withMaxLength(new DigitsCodec(), length).encode("žž"), FrameTooLongError);
  assertThrows(() => withMaxLength(lineCodec(), 4).encode("🌍"), FrameTooLongError, "5 bytes");
  assertThrows(() => withMaxLength(lengthFieldCodec(), 5).encode(hex("0102")), FrameTooLongError);
});

Deno.test("withMaxLength() counts a long header before its message", () => {
  const reader = new FrameReader(withMaxLength(lengthFieldCodec(), 10));
  reader.feedData(hex("00000007 01020304050607"));
  assertThrows(() => reader.next(), FrameTooLongError, "11 bytes");
  assertThrows(() => withMaxLength(lineCodec(), 0), RangeError);
});
