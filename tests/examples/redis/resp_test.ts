import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assertEquals, assertThrows } from "@std/assert";
import {
  Attributed,
  Double,
  Push,
  RespCodec,
  RespError,
  type RespValue,
  SimpleString,
  VerbatimString,
} from "../../../examples/redis/resp.ts";
import { encode as utf8 } from "../../support/text.ts";

const BYTES = new Uint8Array([0xff, 0x0d, 0x0a]);

Deno.test("RespCodec reads and writes what every version has", () => {
  assertCodec<RespValue>(() => new RespCodec(), [
    { bytes: "", received: [] },
    {
      bytes: "+OK\r\n+\r\n",
      received: ["OK", ""],
      sent: [new SimpleString("OK"), new SimpleString("")],
    },
    {
      bytes: "-ERR unknown command\r\n",
      received: [new RespError("ERR unknown command")],
    },
    { bytes: ":0\r\n:-42\r\n:9007199254740991\r\n", received: [0, -42, 9007199254740991] },
    { bytes: ":+5\r\n", received: [5], sent: null },
    {
      bytes: ":9223372036854775807\r\n:-9223372036854775808\r\n",
      received: [2n ** 63n - 1n, -(2n ** 63n)],
    },
    { bytes: "$5\r\nhello\r\n$0\r\n\r\n", received: ["hello", ""] },
    { bytes: "$6\r\nž\r\n🌍\r\n".replace("6", "8"), received: ["ž\r\n🌍"] },
    {
      name: "bytes that are no text",
      bytes: new Uint8Array([...utf8("$3\r\n"), ...BYTES, ...utf8("\r\n")]),
      received: [BYTES],
    },
    { bytes: "$-1\r\n*-1\r\n", received: [null, null], sent: null },
    { bytes: "$-1\r\n", received: [null] },
    { bytes: "*0\r\n", received: [[]] },
    { bytes: "*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", received: [["hello", "world"]] },
    { bytes: "*3\r\n:1\r\n:2\r\n:3\r\n", received: [[1, 2, 3]] },
    {
      name: "nested",
      bytes: "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n$5\r\nhello\r\n-ERR x\r\n",
      received: [[[1, 2, 3], ["hello", new RespError("ERR x")]]],
    },
    {
      name: "a null inside",
      bytes: "*3\r\n$5\r\nhello\r\n$-1\r\n*0\r\n",
      received: [["hello", null, []]],
    },
    { name: "cut off", bytes: "*2\r\n:1\r\n", received: [], atEnd: [IncompleteFrameError] },
    {
      name: "cut off in a string",
      bytes: "$5\r\nhel",
      received: [],
      atEnd: [IncompleteFrameError],
    },
    { name: "cut off in a number", bytes: ":1\r", received: [], atEnd: [IncompleteFrameError] },
  ], {
    limit: {
      makeCodec: (maxLength) => new RespCodec({ maxLength: maxLength + 7 }),
      makeMessage: (length) => "x".repeat(length),
      length: 16,
    },
  });
});

Deno.test("RespCodec reads and writes what version 3 has", () => {
  assertCodec<RespValue>(() => new RespCodec({ version: 3 }), [
    { bytes: "_\r\n", received: [null] },
    { bytes: "#t\r\n#f\r\n", received: [true, false] },
    {
      bytes: ",1.25\r\n,-1.5e+30\r\n,inf\r\n,-inf\r\n",
      received: [1.25, -1.5e30, Infinity, -Infinity],
    },
    { bytes: ",nan\r\n", received: [NaN] },
    { bytes: ",10\r\n", received: [10], sent: [new Double(10)] },
    { bytes: ",1E5\r\n,+INF\r\n,2.\r\n", received: [100000, Infinity, 2], sent: null },
    {
      bytes: "(3492890328409238509324850943850943825024385\r\n",
      received: [3492890328409238509324850943850943825024385n],
    },
    { bytes: "(5\r\n", received: [5], sent: [] },
    { bytes: "(-0\r\n", received: [0], sent: [] },
    { bytes: "~2\r\n(1\r\n:1\r\n", received: [new Set([1])], sent: [] },
    {
      bytes: "!21\r\nSYNTAX invalid\r\nsyntax\r\n".replace("21", "22"),
      received: [new RespError("SYNTAX invalid\r\nsyntax")],
    },
    { bytes: "=15\r\ntxt:Some string\r\n", received: [new VerbatimString("txt", "Some string")] },
    {
      bytes: "%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n",
      received: [new Map([["first", 1], ["second", 2]])],
      sent: [new Map([[new SimpleString("first"), 1], [new SimpleString("second"), 2]])],
    },
    { bytes: "%0\r\n~0\r\n", received: [new Map(), new Set()] },
    { bytes: "~3\r\n:1\r\n#t\r\n$1\r\na\r\n", received: [new Set<RespValue>([1, true, "a"])] },
    { bytes: ">2\r\n$7\r\nmessage\r\n:5\r\n", received: [new Push(["message", 5])] },
    {
      bytes: "|1\r\n$3\r\nttl\r\n:3600\r\n$1\r\na\r\n",
      received: [new Attributed(new Map([["ttl", 3600]]), "a")],
    },
    {
      name: "attributes inside a list",
      bytes: "*2\r\n:1\r\n|1\r\n$3\r\nttl\r\n:5\r\n:2\r\n",
      received: [[1, new Attributed(new Map([["ttl", 5]]), 2)]],
    },
    {
      name: "a string in chunks",
      bytes: "$?\r\n;4\r\nHell\r\n;7\r\no world\r\n;0\r\n",
      received: ["Hello world"],
      sent: null,
    },
    { name: "a character in two chunks", bytes: utf8Chunks("ž"), received: ["ž"], sent: null },
    { name: "no chunks", bytes: "$?\r\n;0\r\n", received: [""], sent: null },
    {
      name: "a list of unknown length",
      bytes: "*?\r\n:1\r\n*?\r\n.\r\n.\r\n",
      received: [[1, []]],
      sent: null,
    },
    {
      name: "a map and a set of unknown length",
      bytes: "%?\r\n:1\r\n:2\r\n.\r\n~?\r\n:1\r\n.\r\n",
      received: [new Map([[1, 2]]), new Set([1])],
      sent: null,
    },
  ]);
});

/** A string in chunks of one byte. */
function utf8Chunks(text: string): Uint8Array {
  const bytes = [...utf8("$?\r\n")];
  for (const byte of utf8(text)) bytes.push(...utf8(";1\r\n"), byte, 13, 10);
  return new Uint8Array([...bytes, ...utf8(";0\r\n")]);
}

Deno.test("RespCodec writes types that version 2 lacks as its nearest type", () => {
  const codec = new RespCodec();
  const encode = (value: RespValue) => codec.encode(value);
  assertEquals(encode(true), ":1\r\n");
  assertEquals(encode(1.5), "$3\r\n1.5\r\n");
  assertEquals(encode(2n ** 64n), "$20\r\n18446744073709551616\r\n");
  assertEquals(encode(new Map([["a", 1]])), "*2\r\n$1\r\na\r\n:1\r\n");
  assertEquals(encode(new Set([1])), "*1\r\n:1\r\n");
  assertEquals(encode(new Push(["a"])), "*1\r\n$1\r\na\r\n");
  assertEquals(encode(new VerbatimString("txt", "a")), "$1\r\na\r\n");
  assertEquals(encode(new Attributed(new Map([["a", 1]]), 2)), ":2\r\n");
  assertEquals(encode(new RespError("ERR a\r\nb")), "-ERR a b\r\n");
  codec.version = 3;
  assertEquals([encode(null), encode(true)], ["_\r\n", "#t\r\n"]);
});

Deno.test("RespCodec fails for bytes that are not RESP", () => {
  for (
    const bytes of [
      "PING\r\n",
      "\r\n",
      ":\r\n",
      ":-\r\n",
      ":1a\r\n",
      ":1\rx",
      ":9223372036854775808\r\n",
      `:${"1".repeat(30)}\r\n`,
      "$1\r\nab\r\n",
      "$-2\r\n",
      "$?5\r\n",
      "*-2\r\n",
      ">?\r\n",
      "#x\r\n",
      "_x\r\n",
      ",1,5\r\n",
      ",\r\n",
      "(1.5\r\n",
      "=2\r\nab\r\n",
      ".\r\n",
      ";1\r\na\r\n",
      "*1\r\n.\r\n",
      "%?\r\n:1\r\n.\r\n",
      "$?\r\n:1\r\n".replace(":1", "$1\r\na"),
      "*1\r\n".repeat(200),
    ]
  ) {
    assertCodec<RespValue>(() => new RespCodec(), [
      { name: bytes.slice(0, 20), bytes: `:1\r\n${bytes}`, received: [1, FrameDecodeError] },
    ], { rounds: 2 });
  }
});

Deno.test("RespCodec limits strings, lists and whole messages before they come", () => {
  assertCodec<RespValue>(() => new RespCodec({ maxLength: 40 }), [
    { bytes: "$41\r\n", received: [FrameTooLongError] },
    {
      bytes: "*3\r\n$20\r\n" + "x".repeat(20) + "\r\n$20\r\n",
      received: [],
      atEnd: [IncompleteFrameError],
    },
    {
      bytes: "*3\r\n$20\r\n" + "x".repeat(20) + "\r\n$20\r\nxxxxx",
      received: [FrameTooLongError],
    },
    { bytes: "$?\r\n" + ";10\r\n0123456789\r\n".repeat(3), received: [FrameTooLongError] },
    { bytes: "+" + "x".repeat(60), received: [FrameTooLongError] },
  ]);
  assertCodec<RespValue>(() => new RespCodec(), [
    { bytes: "*99999999\r\n", received: [FrameTooLongError] },
    { bytes: "%99999999\r\n", received: [FrameTooLongError] },
    { bytes: "$99999999\r\n", received: [FrameTooLongError] },
  ]);
});

Deno.test("RespCodec refuses to write values that would be read as something else", () => {
  const codec = new RespCodec({ version: 3 });
  assertThrows(() => codec.encode(new SimpleString("a\r\nb")), FrameEncodeError);
  assertThrows(() => codec.encode(new VerbatimString("text", "a")), FrameEncodeError);
  // A program without types may give anything.
  assertThrows(() => codec.encode(Symbol("a") as unknown as RespValue), FrameEncodeError);
});

Deno.test("RespError has its code", () => {
  assertEquals(new RespError("WRONGTYPE Operation against a key").code, "WRONGTYPE");
});
