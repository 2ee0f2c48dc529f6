import { FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import { contentLengthCodec, type ContentMessage } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertCodec } from "@sluice/net/testing";
import { assert, assertStrictEquals, assertThrows } from "@std/assert";
import { encode as utf8 } from "../../support/text.ts";

function message(body: string, headers: Record<string, string> = {}): ContentMessage {
  const bytes = utf8(body);
  return {
    headers: new Map(Object.entries({ "content-length": `${bytes.length}`, ...headers })),
    body: bytes,
  };
}

const JSON_RPC = "application/vscode-jsonrpc; charset=utf-8";

Deno.test("contentLengthCodec() reads and writes messages", () => {
  assertCodec(() => contentLengthCodec(), [
    { bytes: "", received: [] },
    {
      bytes: 'Content-Length: 17\r\n\r\n{"jsonrpc":"2.0"}',
      received: [message('{"jsonrpc":"2.0"}')],
      sent: ['{"jsonrpc":"2.0"}'],
    },
    {
      bytes: `Content-Length: 2\r\nContent-Type: ${JSON_RPC}\r\n\r\n{}Content-Length: 0\r\n\r\n`,
      received: [message("{}", { "content-type": JSON_RPC }), message("")],
      sent: [{ headers: new Map([["Content-Type", JSON_RPC]]), body: "{}" }, utf8("")],
    },
    {
      name: "the length counts bytes",
      bytes: "Content-Length: 6\r\n\r\nž🌍",
      received: [message("ž🌍")],
      sent: ["ž🌍"],
    },
    {
      name: "names in any case, blanks around values, the length last",
      bytes: "X-A:1\r\nx-a:\t 2 \r\ncontent-LENGTH:1\r\n\r\n.",
      received: [message(".", { "x-a": "1, 2" })],
      sent: [],
    },
    {
      name: "the body looks like a header",
      bytes: "Content-Length: 4\r\n\r\n\r\n\r\n",
      received: [message("\r\n\r\n")],
      sent: ["\r\n\r\n"],
    },
    {
      name: "cut off in the body",
      bytes: "Content-Length: 2\r\n\r\n{",
      received: [],
      atEnd: [IncompleteFrameError],
    },
    {
      name: "cut off before the body",
      bytes: "Content-Length: 2\r\n\r\n",
      received: [],
      atEnd: [IncompleteFrameError],
    },
    {
      name: "cut off in the header",
      bytes: "Content-Le",
      received: [],
      atEnd: [IncompleteFrameError],
    },
  ], {
    limit: {
      makeCodec: (maxLength) => contentLengthCodec({ maxLength }),
      makeMessage: (length) => new Uint8Array(length),
    },
  });
});

Deno.test("contentLengthCodec() fails for a bad header", () => {
  for (
    const header of [
      "Content-Type: x",
      "Content-Length: ",
      "Content-Length: -1",
      "Content-Length: +1",
      "Content-Length: 1e3",
      "Content-Length: 0x10",
      "Content-Length: 1.0",
      "Content-Length: 9999999999999999",
      "Content-Length: 1\r\nContent-Length: 1",
      "Content-Length 1",
      "Content-Length: 1\r\n folded: 2",
      "Content-Length : 1",
      ": 1",
      "Content-Length: 1\n",
      "",
      "X: a\u0000\r\nContent-Length: 1",
    ]
  ) {
    assertCodec(() => contentLengthCodec(), [
      { name: header, bytes: `${header}\r\n\r\n.`, received: [FrameDecodeError] },
    ]);
  }
});

Deno.test("contentLengthCodec() limits the header", () => {
  const makeCodec = () => contentLengthCodec({ maxHeaderLength: 30 });
  const fill = "x".repeat(30 - "Content-Length: 1\r\nA: ".length);
  assertCodec(makeCodec, [
    {
      bytes: `Content-Length: 1\r\nA: ${fill}\r\n\r\n.`,
      received: [message(".", { a: fill })],
      sent: [],
    },
    { bytes: `Content-Length: 1\r\nA: ${fill}x\r\n\r\n.`, received: [FrameTooLongError] },
    { bytes: "x".repeat(100), received: [FrameTooLongError] },
  ]);
});

Deno.test("contentLengthCodec() skips a body that is too long", () => {
  assertCodec(() => contentLengthCodec({ maxLength: 2 }), [
    {
      bytes: "Content-Length: 3\r\n\r\nabcContent-Length: 2\r\n\r\nde",
      received: [FrameTooLongError, message("de")],
      sent: [],
    },
    {
      name: "cut off",
      bytes: "Content-Length: 999999999\r\n\r\nabc",
      received: [FrameTooLongError],
      endsInside: true,
      sent: [],
    },
  ]);
});

Deno.test("contentLengthCodec() refuses to write fields that would be read as something else", () => {
  const encode = (name: string, value: string) =>
    contentLengthCodec().encode({ headers: new Map([[name, value]]), body: "" });
  for (
    const [name, value] of [
      ["A", "b\r\nContent-Length: 5"],
      ["A: b\r\nC", "d"],
      ["", "a"],
      ["content-LENGTH", "0"],
      ["A", "b\n"],
    ] as const
  ) {
    assertThrows(() => encode(name, value), FrameEncodeError);
  }
});

Deno.test("contentLengthCodec() does not copy a body of bytes", () => {
  const body = new Uint8Array(10_000);
  const parts = contentLengthCodec().encode(body);
  assert(Array.isArray(parts));
  assertStrictEquals(parts[1], body);
});

Deno.test("contentLengthCodec() rejects bad limits", () => {
  assertThrows(() => contentLengthCodec({ maxLength: 0 }), RangeError);
  assertThrows(() => contentLengthCodec({ maxHeaderLength: -1 }), RangeError);
});
