import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Codec } from "../../../protocols/framing/codec.ts";
import { cobsCodec } from "../../../protocols/codecs/cobs_codec.ts";
import { contentLengthCodec } from "../../../protocols/codecs/content_length_codec.ts";
import { delimiterCodec } from "../../../protocols/codecs/delimiter_codec.ts";
import { fixedLengthCodec } from "../../../protocols/codecs/fixed_length_codec.ts";
import { lengthFieldCodec } from "../../../protocols/codecs/length_field_codec.ts";
import { lineCodec } from "../../../protocols/codecs/line_codec.ts";
import { mapCodec } from "../../../protocols/codecs/map_codec.ts";
import { netstringCodec } from "../../../protocols/codecs/netstring_codec.ts";
import { slipCodec } from "../../../protocols/codecs/slip_codec.ts";
import { varintLengthCodec } from "../../../protocols/codecs/varint_length_codec.ts";
import { decoderStream } from "../../../streams/framing/decoder_stream.ts";
import { encoderStream } from "../../../streams/framing/encoder_stream.ts";
import { framed } from "../../../streams/framing/framed_connection.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";

/**
 * Takes the memory of bytes away, as `postMessage(bytes, [bytes.buffer])` does; says what they
 * were.
 */
function transfer(bytes: Bytes): string {
  const { byteOffset, length, buffer } = bytes;
  assertEquals([byteOffset, buffer.byteLength], [0, length], "shares its buffer with others");
  return decode(structuredClone(bytes, { transfer: [buffer] }));
}

const READS: Record<string, (connection: StreamConnection) => Promise<string>> = {
  "readline()": async ({ reader }) => transfer(await reader.readline()),
  "readexactly()": async ({ reader }) => transfer(await reader.readexactly(7)),
  "readuntil()": async ({ reader }) => transfer(await reader.readuntil("\n")),
  "read()": async ({ reader }) => transfer(await reader.read(7)),
  "for await": async ({ reader }) => {
    for await (const line of reader) return transfer(line);
    return "";
  },
  "a BYOB reader": async ({ readable }) => {
    const byob = readable.getReader({ mode: "byob" });
    const { value } = await byob.read(new Uint8Array(7), { min: 7 });
    byob.releaseLock();
    return transfer(value as Bytes);
  },
};

for (const medium of ["memory", "tcp"] as const) {
  for (const [what, read] of Object.entries(READS)) {
    Deno.test(`Chunks of ${what} may be transferred (${medium})`, async () => {
      await using pair = await connectPair(medium);
      pair.a.writer.write("header\nbody of the message\n");
      assertEquals(await read(pair.b), "header\n");
      assertEquals(decode(await pair.b.reader.readline()), "body of the message\n");
    });
  }

  Deno.test(`A transform that transfers the chunks of a readable detaches no other memory (${medium})`, async () => {
    await using first = await connectPair(medium);
    await using second = await connectPair(medium);
    for (const { a } of [first, second]) {
      a.writer.write(`${"x".repeat(3000)}\nrest`);
      a.writer.writeEof();
    }
    assertEquals((await first.b.reader.readline()).length, 3001);
    const kept = await second.b.reader.readexactly(100);
    const chunks = await Array.fromAsync(first.b.readable);
    assertEquals(chunks.map(transfer).join(""), "rest");
    assertEquals(decode(kept), "x".repeat(100));
    assertEquals((await second.b.reader.read()).length, 2905);
  });
}

Deno.test("Results of the reader, detach and takeBuffered own their buffer, empty or not", async () => {
  const reader = new StreamReader();
  reader.feedData(encode("one two"));
  await reader.read(4);
  assertEquals(transfer(reader.takeBuffered()), "two");
  assertEquals(transfer(reader.takeBuffered()), "");
  assertEquals(transfer(reader.detach()), "");
  const ended = new StreamReader();
  ended.feedEof();
  assertEquals([transfer(await ended.read()), transfer(await ended.read())], ["", ""]);
});

Deno.test("A reader whose fed memory is detached fails instead of looping", async () => {
  const reader = new StreamReader();
  const fed = pattern(5000);
  reader.feedData(fed);
  fed.buffer.transfer();
  await assertRejects(() => reader.read(10), TypeError, "was transferred away");
  await assertRejects(() => reader.readline(), TypeError, "was transferred away");
});

Deno.test("Each client of a server may transfer its chunks, of any size", async () => {
  const bodies = [3, 100, 4000, 70_000].map((size) => pattern(size, size));
  await using server = await startServer(async ({ reader, writer }) => {
    for (;;) {
      const chunk = await reader.read(100_000);
      if (chunk.length === 0) return;
      writer.write(chunk);
      await writer.flush();
      transfer(chunk);
    }
  }, { port: 0 });
  const clients = await Promise.all(bodies.map(() => openConnection({ port: server.port })));
  for (let round = 0; round < 3; round++) {
    await Promise.all(clients.map(async ({ reader, writer }, i) => {
      const body = bodies[i] ?? new Uint8Array(0);
      writer.write(body);
      const answer = await reader.readexactly(body.length);
      assertEquals(answer.every((byte, at) => byte === body[at]), true, `client ${i}`);
    }));
  }
  for (const client of clients) await client.close();
});

/** Codecs whose messages are bytes, and how to get at them. */
const CODECS: Record<string, () => Codec<unknown, Uint8Array>> = {
  cobsCodec,
  contentLengthCodec,
  delimiterCodec: () => delimiterCodec("|"),
  fixedLengthCodec: () => fixedLengthCodec(5),
  lengthFieldCodec,
  lineCodec: () => lineCodec({ as: "bytes" }),
  mapCodec: () =>
    mapCodec(lengthFieldCodec(), {
      decode: (bytes) => bytes,
      encode: (bytes: Uint8Array) => bytes,
    }),
  netstringCodec,
  slipCodec,
  varintLengthCodec,
};

for (const [name, makeCodec] of Object.entries(CODECS)) {
  Deno.test(`Messages of ${name}() may be transferred away, and what it encodes may be as well`, async () => {
    await using pair = await connectPair("memory");
    const codec = makeCodec();
    const sent = ["first", "\u0000last", "other"];
    for (const text of sent) {
      const encoded = codec.encode(encode(text));
      const isOne = typeof encoded === "string" || encoded instanceof Uint8Array;
      for (const part of isOne ? [encoded] : encoded) {
        pair.a.writer.write(part);
        await pair.a.writer.flush();
        // A part that is not the message must have no other owner.
        if (typeof part !== "string") (part.buffer as ArrayBuffer).transfer();
      }
    }
    const messages = framed(pair.b, makeCodec());
    const received = [];
    for (let i = 0; i < sent.length; i++) {
      const message = await messages.receive();
      assert(typeof message === "object" && message !== null);
      received.push(transfer(("body" in message ? message.body : message) as Bytes));
    }
    assertEquals(received, sent);
  });

  Deno.test(`encoderStream() and decoderStream() of ${name}() hand out memory of their own`, async () => {
    const sent = ["first", "\u0000last", "other"];
    const chunks = ReadableStream.from(sent.map(encode)).pipeThrough(encoderStream(makeCodec()));
    const moved = new TransformStream<Bytes, Bytes>({
      transform: (chunk, controller) =>
        controller.enqueue(structuredClone(chunk, { transfer: [chunk.buffer] })),
    });
    const received = [];
    for await (const message of chunks.pipeThrough(moved).pipeThrough(decoderStream(makeCodec()))) {
      assert(typeof message === "object" && message !== null);
      received.push(transfer(("body" in message ? message.body : message) as Bytes));
    }
    assertEquals(received, sent);
  });
}

Deno.test("encoderStream() sends each content of a reused buffer", async () => {
  const buffer = new Uint8Array(5000);
  const messages = new ReadableStream<Uint8Array>({
    start(controller): void {
      controller.enqueue(buffer);
      controller.close();
    },
  });
  const [header, body] = await Array.fromAsync(
    messages.pipeThrough(encoderStream(lengthFieldCodec())),
  );
  buffer.fill(1);
  assertEquals([header?.length, body?.length, body?.every((byte) => byte === 0)], [4, 5000, true]);
});

Deno.test("lines() keeps U+FEFF wherever it is, and replaces what is not UTF-8", async () => {
  const reader = new StreamReader();
  reader.feedData(encode("\ufefffirst\n\ufeffsecond\r\n"));
  reader.feedData(Uint8Array.of(0x61, 0xff, 0x0a, 0x62));
  reader.feedEof();
  const lines = await Array.fromAsync(reader.lines());
  assertEquals(lines, ["\ufefffirst", "\ufeffsecond", "a\ufffd", "b"]);
});

Deno.test("readuntil() reads the current content of a separator, and refuses invalid separators", async () => {
  const reader = new StreamReader();
  const separator = encode("|");
  reader.feedData(encode("a|b;c|"));
  assertEquals(decode(await reader.readuntil(separator)), "a|");
  separator.set(encode(";"));
  assertEquals(decode(await reader.readuntil(separator)), "b;");
  assertEquals(decode(await reader.readuntil([";", "|"])), "c|");
  for (const odd of [5, null, ["a", 5], new ArrayBuffer(1)]) {
    await assertRejects(
      () => reader.readuntil(odd as unknown as string),
      TypeError,
      "Cannot search for data",
    );
  }
});

Deno.test("feedData() refuses values that are not a Uint8Array", () => {
  const reader = new StreamReader();
  for (const odd of ["text", new ArrayBuffer(1), 5, undefined]) {
    let message = "";
    try {
      reader.feedData(odd as unknown as Bytes);
    } catch (error) {
      message = error instanceof TypeError ? error.message : String(error);
    }
    assert(message.startsWith("Cannot feed data"), message);
  }
});

Deno.test("A Web stream of something else than bytes ends the connection with a TypeError that names it", async () => {
  for (const odd of [new ArrayBuffer(3), new DataView(new ArrayBuffer(3)), 5, "text"]) {
    const reader = StreamReader.from(ReadableStream.from([odd as unknown as Bytes]));
    await assertRejects(() => reader.read(), TypeError, "Cannot receive data");
  }
});

Deno.test("writable refuses chunks that are not bytes, and memory may be reused after a write", async () => {
  await using pair = await connectPair("memory");
  const writer = pair.a.writable.getWriter();
  const buffer = new Uint8Array(40_000);
  for (const fill of [1, 2, 3]) await writer.write(buffer.fill(fill));
  const received = await pair.b.reader.readexactly(120_000);
  assertEquals([received[0], received[40_000], received[119_999]], [1, 2, 3]);
  await assertRejects(
    () => writer.write(new ArrayBuffer(3) as unknown as Bytes),
    TypeError,
    "Cannot write",
  );
});

Deno.test("send() throws TypeError for invalid parts from a codec, and sends nothing", async () => {
  await using pair = await connectPair("memory");
  const odd: unknown[] = [undefined, null, 5, Promise.resolve("late"), new ArrayBuffer(1), [5], [
    "x",
    null,
  ]];
  for (const value of odd) {
    const codec = { ...lineCodec(), encode: () => value } as unknown as Codec<string>;
    const messages = framed(pair.a, codec);
    await assertRejects(() => messages.send("text"), TypeError, "Cannot write");
    const encoding = ReadableStream.from(["text"]).pipeThrough(encoderStream(codec));
    await assertRejects(() => Array.fromAsync(encoding), TypeError, "Cannot write");
  }
  pair.a.writer.write("end\n");
  assertEquals(decode(await pair.b.reader.readline()), "end\n");
});

Deno.test("A codec that returns nothing from decode() fails instead of looping", async () => {
  await using pair = await connectPair("memory");
  const forgetful = { ...lineCodec(), decode: () => undefined } as unknown as Codec<string>;
  pair.a.writer.write("text\n");
  const messages = framed(pair.b, forgetful);
  await assertRejects(() => messages.receive(), TypeError, "neither a message nor NEED_MORE");
});
