import { FrameDecodeError, IncompleteFrameError, InvalidStateError, lineCodec } from "@sluice/net";
import { fixedLengthCodec, netstringCodec } from "@sluice/net/codecs";
import {
  type Decoder,
  FrameReader,
  NEED_MORE,
  type NeedMore,
  ReceiveBuffer,
} from "@sluice/net/protocols";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";
import { encode } from "../../support/text.ts";

Deno.test("FrameReader.next() takes messages one by one, also from one chunk", () => {
  const reader = new FrameReader(lineCodec());
  assertEquals(reader.next(), NEED_MORE);
  reader.feedData(encode("one\ntwo\nth"));
  assertEquals(reader.next(), "one");
  assertEquals(reader.next(), "two");
  assertEquals(reader.next(), NEED_MORE);
  assertEquals(reader.buffered, 2);
  reader.feedData(encode("ree\n"));
  assertEquals(reader.next(), "three");
  reader.feedEof();
  assertEquals(reader.isDone, false);
  assertEquals(reader.next(), NEED_MORE);
  assertEquals(reader.isDone, true);
});

Deno.test("FrameReader.next() throws IncompleteFrameError for an incomplete rest, each time", () => {
  const reader = new FrameReader(fixedLengthCodec(4));
  reader.feedData(hex("0102030405"));
  reader.feedEof();
  assertEquals(reader.next(), hex("01020304"));
  const error = assertThrows(() => reader.next(), IncompleteFrameError, "1 bytes");
  assertEquals([error.buffered, error.recoverable], [1, false]);
  assertStrictEquals(assertThrows(() => reader.next()), error);
  assertEquals(reader.isDone, true);
});

Deno.test("FrameReader.next() throws the same error each time once the stream is broken", () => {
  const reader = new FrameReader(netstringCodec());
  reader.feedData(encode("x1:a,"));
  const error = assertThrows(() => reader.next(), FrameDecodeError);
  assertStrictEquals(assertThrows(() => reader.next()), error);
  reader.feedData(encode("1:a,"));
  assertStrictEquals(assertThrows(() => reader.next()), error);
  assertEquals(reader.buffered, 0);
});

Deno.test("FrameReader.next() treats any other exception of a decoder as a broken stream", () => {
  const decoder: Decoder<string> = {
    decode: (): string => {
      throw new TypeError("Cannot go on");
    },
  };
  const reader = new FrameReader(decoder);
  assertThrows(() => reader.next(), TypeError);
  assertEquals(reader.isDone, true);
});

Deno.test("FrameReader.next() fails for a recoverable error that consumed nothing", () => {
  const decoder: Decoder<string> = {
    decode: (): string => {
      throw new FrameDecodeError("Cannot decode it", { recoverable: true });
    },
  };
  const reader = new FrameReader(decoder);
  reader.feedData(encode("x"));
  assertThrows(() => reader.next(), FrameDecodeError);
  assertEquals(reader.isDone, true);
});

Deno.test("FrameReader.next() asks a decoder for final messages until there is none", () => {
  const letters: Decoder<string | null> = {
    decode: (): NeedMore => NEED_MORE,
    decodeEnd: (buffer) => buffer.length === 0 ? NEED_MORE : nullable(buffer.takeText(1)),
  };
  const nullable = (letter: string): string | null => letter === "0" ? null : letter;
  const reader = new FrameReader(letters);
  reader.feedData(encode("a0b"));
  assertEquals(reader.next(), NEED_MORE);
  reader.feedEof();
  assertEquals(reader.next(), "a");
  assertEquals(reader.next(), null);
  assertEquals(reader.next(), "b");
  assertEquals(reader.next(), NEED_MORE);
  assertEquals(reader.isDone, true);
});

Deno.test("FrameReader.decoder, when replaced, continues with the unread bytes", () => {
  const reader = new FrameReader<string | Uint8Array>(lineCodec());
  reader.feedData(encode("upgrade\nabcde\n"));
  assertEquals(reader.next(), "upgrade");
  const lines = reader.decoder;
  reader.decoder = fixedLengthCodec(2);
  assertEquals(reader.next(), encode("ab"));
  assertEquals(reader.next(), encode("cd"));
  reader.decoder = lines;
  assertEquals(reader.next(), "e");
});

Deno.test("FrameReader.takeRest() returns the unread bytes", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(encode("one\ntw"));
  const reader = new FrameReader(lineCodec(), buffer);
  assertEquals(reader.next(), "one");
  assertEquals(reader.takeRest(), encode("tw"));
  assertEquals(buffer.length, 0);
});

Deno.test("FrameReader.feedData() after feedEof() throws InvalidStateError", () => {
  const reader = new FrameReader(lineCodec());
  reader.feedEof();
  assertThrows(() => reader.feedData(encode("x")), InvalidStateError);
});
