import { type Codec, FrameDecodeError, FrameTooLongError, lineCodec } from "@sluice/net";
import {
  type EncodedMessage,
  NEED_MORE,
  type NeedMore,
  type ReceiveBuffer,
} from "@sluice/net/protocols";
import { assertCodec, type CodecCase } from "@sluice/net/testing";
import { AssertionError, assertThrows } from "@std/assert";

/** Letters with a dot after each. Each flaw is one that codecs really have. */
class Dotted implements Codec<string> {
  readonly #flaw: string;
  readonly #maxLength: number;

  constructor(flaw = "", maxLength = 8) {
    this.#flaw = flaw;
    this.#maxLength = maxLength;
  }

  decode(buffer: ReceiveBuffer): string | NeedMore {
    const end = buffer.indexOf(46);
    if (this.#flaw === "splits" && end === -1 && buffer.length > 2) {
      return buffer.takeText(buffer.length);
    }
    if (this.#flaw === "never ends") return "";
    const seen = end === -1 ? buffer.length : end;
    const limit = this.#maxLength + (this.#flaw === "limit" ? 1 : 0);
    if (seen > limit) throw new FrameTooLongError(seen, limit);
    if (end === -1) return NEED_MORE;
    const message = buffer.takeText(end);
    if (this.#flaw === "eats") buffer.takeAll();
    else buffer.skip(1);
    return message;
  }

  encode(message: string): EncodedMessage {
    const isTooLong = message.length > this.#maxLength && this.#flaw !== "encodes too much";
    if (isTooLong) throw new FrameTooLongError(message.length, this.#maxLength, true);
    return this.#flaw === "encodes" ? `${message}..` : [message, "."];
  }
}

const CASES = [{ bytes: "abc.d.", received: ["abc", "d"] }, { bytes: ".", received: [""] }];
const limit = (flaw: string) => ({
  limit: {
    makeCodec: (maxLength: number) => new Dotted(flaw, maxLength),
    makeMessage: (length: number) => "x".repeat(length),
  },
});

Deno.test("assertCodec() passes for a correct codec", () => {
  assertCodec(() => new Dotted(), CASES, limit(""));
});

Deno.test("assertCodec() finds a message that is cut where its bytes were", () => {
  assertThrows(() => assertCodec(() => new Dotted("splits"), CASES), Error, "case 0, byte by byte");
});

Deno.test("assertCodec() finds a codec that consumes bytes of the next message", () => {
  assertThrows(
    () => assertCodec(() => new Dotted("eats"), [{ bytes: "a.", received: ["a"] }]),
    Error,
    "case 0, twice in one piece",
  );
});

Deno.test("assertCodec() finds a codec that returns messages endlessly", () => {
  assertThrows(() => assertCodec(() => new Dotted("never ends"), CASES), Error, "without end");
});

Deno.test("assertCodec() finds other bytes than the case has", () => {
  const named = [{ name: "two letters", bytes: "a.b.", received: ["a", "b"] }];
  assertThrows(
    () => assertCodec(() => new Dotted("encodes"), named),
    Error,
    "case 0 (two letters), encoded",
  );
});

Deno.test("assertCodec() finds a message that is received differently from how it was sent", () => {
  const cases = [{ bytes: "a.", received: ["a"], sent: null }];
  assertThrows(
    () => assertCodec(() => new Dotted("encodes"), cases),
    Error,
    "encoded and received",
  );
});

Deno.test("assertCodec() finds a limit that is one off, in either direction", () => {
  assertThrows(() => assertCodec(() => new Dotted(), [], limit("limit")), Error, "limit 15");
  assertThrows(
    () => assertCodec(() => new Dotted(), [], limit("encodes too much")),
    Error,
    "limit 15",
  );
});

Deno.test("assertCodec() finds an error of another class, or none", () => {
  const cases = [{ bytes: "123456789.", received: [FrameDecodeError] }];
  assertThrows(() => assertCodec(() => new Dotted(), cases), Error, "case 0, whole");
  assertThrows(
    () => assertCodec(() => lineCodec(), [{ bytes: "a\n", received: [FrameDecodeError] }]),
    Error,
    "case 0, whole",
  );
});

/** Receives texts, and sends numbers. */
class Uneven implements Codec<string, number> {
  readonly #lines = lineCodec();

  decode(buffer: ReceiveBuffer): string | NeedMore {
    return this.#lines.decode(buffer);
  }

  encode(message: number): EncodedMessage {
    return `${message.toFixed(0)}\n`;
  }
}

Deno.test("assertCodec() takes codecs that send other messages than they receive", () => {
  assertCodec(() => new Uneven(), [
    { bytes: "1\n2\n", received: ["1", "2"], sent: [1, 2] },
    { bytes: "three\n", received: ["three"], sent: [] },
  ]);
  // @ts-expect-error -- the type demands `sent`
  const lacking: CodecCase<string, number> = { bytes: "", received: [] };
  assertCodec(() => new Uneven(), [lacking]);
});

Deno.test("assertCodec() names a case without a message to send", () => {
  assertThrows(
    () =>
      assertCodec<string, number>(() => new Uneven(), [
        { name: "a word", bytes: "three\n", received: ["three"], sent: null as never },
      ]),
    AssertionError,
    "In case 0 (a word): cannot encode what is received",
  );
});
