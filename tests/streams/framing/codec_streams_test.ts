import {
  type Bytes,
  decoderStream,
  encoderStream,
  FrameTooLongError,
  IncompleteFrameError,
  jsonLinesCodec,
  lengthFieldCodec,
  lineCodec,
} from "@sluice/net";
import { cobsCodec, contentLengthCodec, fixedLengthCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import { assertEquals, assertRejects } from "@std/assert";
import { encode } from "../../support/text.ts";

/** A stream of these chunks. */
function chunks(...texts: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(texts.map(encode));
}

Deno.test("decoderStream() gives the messages of a stream, and the last one at its end", async () => {
  const decoded = chunks("on", "e\ntwo\n\nl", "ast").pipeThrough(decoderStream(lineCodec()));
  assertEquals(await Array.fromAsync(decoded), ["one", "two", "", "last"]);
});

Deno.test("decoderStream() fails on a bad message, after those before it", async () => {
  const decoded = chunks("one\nmuch too long\n").pipeThrough(
    decoderStream(lineCodec({ maxLength: 5 })),
  );
  const seen: string[] = [];
  await assertRejects(async () => {
    for await (const line of decoded) seen.push(line);
  }, FrameTooLongError);
});

Deno.test("decoderStream() calls onBadMessage, and continues", async () => {
  const bad: string[] = [];
  const stream = decoderStream(lineCodec({ maxLength: 5 }), {
    onBadMessage: (error) => bad.push(error.name),
  });
  const decoded = chunks("one\nmuch too lo", "ng\ntwo\n").pipeThrough(stream);
  assertEquals(await Array.fromAsync(decoded), ["one", "two"]);
  assertEquals(bad, ["FrameTooLongError"]);
});

Deno.test("decoderStream() fails when the data ends inside a message", async () => {
  const bad: string[] = [];
  const stream = decoderStream(fixedLengthCodec(4), { onBadMessage: ({ name }) => bad.push(name) });
  await assertRejects(
    () => Array.fromAsync(chunks("12345").pipeThrough(stream)),
    IncompleteFrameError,
  );
  assertEquals(bad, []);
});

Deno.test("decoderStream() ends with an error thrown by onBadMessage", async () => {
  const stream = decoderStream(lineCodec({ maxLength: 1 }), {
    onBadMessage: () => {
      throw new TypeError("Enough");
    },
  });
  await assertRejects(() => Array.fromAsync(chunks("too long\n").pipeThrough(stream)), TypeError);
});

Deno.test("encoderStream() gives one chunk for a small message, and copies of large parts", async () => {
  const large = new Uint8Array(10_000);
  const messages = ReadableStream.from([new Uint8Array([1, 2]), new Uint8Array(0), large]);
  const encoded = messages.pipeThrough(encoderStream(lengthFieldCodec({ lengthBytes: 2 })));
  const [first, second, header, body, ...more] = await Array.fromAsync(encoded);
  assertEquals([first, second, header, more], [
    new Uint8Array([0, 2, 1, 2]),
    new Uint8Array([0, 0]),
    new Uint8Array([0x27, 0x10]),
    [],
  ]);
  assertEquals([body?.length, body?.buffer === large.buffer], [10_000, false]);
});

Deno.test("encoderStream() encodes strings, and joins the small parts of a message", async () => {
  const bodies = ReadableStream.from(["ž", new Uint8Array([33])]);
  const encoded = await Array.fromAsync(bodies.pipeThrough(encoderStream(contentLengthCodec())));
  assertEquals(encoded, [
    encode("Content-Length: 2\r\n\r\nž"),
    encode("Content-Length: 1\r\n\r\n!"),
  ]);
});

Deno.test("encoderStream() copies memory that Web streams do not take", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(5000));
  const encoded = ReadableStream.from([shared]).pipeThrough(encoderStream(fixedLengthCodec(5000)));
  const [chunk] = await Array.fromAsync(encoded);
  assertEquals(chunk?.buffer instanceof ArrayBuffer, true);
});

Deno.test("encoderStream() fails on a message that cannot be encoded", async () => {
  const encoded = ReadableStream.from(["one", "a\nb"]).pipeThrough(encoderStream(lineCodec()));
  await assertRejects(() => Array.fromAsync(encoded), FrameEncodeError);
});

Deno.test("encoderStream() and decoderStream() return the messages that were written", async () => {
  const values = [{ a: [1, null] }, "text", 5, false];
  const back = ReadableStream.from(values)
    .pipeThrough(encoderStream(jsonLinesCodec()))
    .pipeThrough(decoderStream(jsonLinesCodec()));
  assertEquals(await Array.fromAsync(back), values);
  const packets = [new Uint8Array([0, 0]), new Uint8Array(600).fill(7), new Uint8Array(0)];
  const packetsBack = ReadableStream.from(packets)
    .pipeThrough(encoderStream(cobsCodec()))
    .pipeThrough(decoderStream(cobsCodec()));
  assertEquals(await Array.fromAsync(packetsBack), packets);
});

Deno.test("decoderStream() gives the messages before a bad one, however the bytes were cut", async () => {
  const sent = "one\ntwo\nmuch too long\nthree\n";
  for (let step = 1; step <= sent.length; step++) {
    const parts = Array.from(
      { length: Math.ceil(sent.length / step) },
      (_, i) => sent.substring(i * step, (i + 1) * step),
    );
    const stream = chunks(...parts).pipeThrough(decoderStream(lineCodec({ maxLength: 5 })));
    const received: string[] = [];
    await assertRejects(async () => {
      for await (const line of stream) received.push(line);
    }, FrameTooLongError);
    assertEquals(received, ["one", "two"], `${step} bytes at a time`);
  }
});

Deno.test("decoderStream() fails for a chunk that is not bytes, after the messages before it", async () => {
  for (const odd of [5, "text", new ArrayBuffer(2), null]) {
    const { readable, writable } = decoderStream(lineCodec());
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const writes = Promise.allSettled([
      writer.write(encode("one\ntwo\n")),
      writer.write(odd as unknown as Bytes),
    ]);
    assertEquals([(await reader.read()).value, (await reader.read()).value], ["one", "two"]);
    await assertRejects(() => reader.read(), TypeError, "Cannot append data");
    assertEquals((await writes).map(({ status }) => status), ["fulfilled", "rejected"]);
    await assertRejects(() => writer.closed, TypeError);
  }
});

Deno.test("decoderStream() passes a cancelled reader and an aborted writer on", async () => {
  const cancelled = decoderStream(lineCodec());
  const writer = cancelled.writable.getWriter();
  const write = writer.write(encode("one\n"));
  await cancelled.readable.cancel(new RangeError("enough"));
  await Promise.allSettled([write]);
  await assertRejects(() => writer.write(encode("two\n")), RangeError, "enough");

  const aborted = decoderStream(lineCodec());
  const giving = aborted.writable.getWriter();
  const pending = giving.write(encode("one\n"));
  await giving.abort(new RangeError("given up"));
  await Promise.allSettled([pending]);
  await assertRejects(() => aborted.readable.getReader().read(), RangeError, "given up");
});
