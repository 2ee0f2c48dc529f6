/** Public reports on other libraries: codecs, buffers and flow control. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import { copyOf } from "../../../protocols/bytes.ts";
import { NEED_MORE } from "../../../protocols/framing/codec.ts";
import type { Decoder } from "../../../protocols/framing/codec.ts";
import { cobsCodec } from "../../../protocols/codecs/cobs_codec.ts";
import { jsonLinesCodec } from "../../../protocols/codecs/json_lines_codec.ts";
import { lengthFieldCodec } from "../../../protocols/codecs/length_field_codec.ts";
import { lineCodec } from "../../../protocols/codecs/line_codec.ts";
import { varintLengthCodec } from "../../../protocols/codecs/varint_length_codec.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { FrameDecodeError, FrameTooLongError } from "../../../protocols/errors.ts";
import { FramedProtocol } from "../../../protocols/framing/framed_protocol.ts";
import { FrameReader } from "../../../protocols/framing/frame_reader.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { assertSameBytes } from "../../../testing/conformance/same_bytes.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";

/** The results of a decoder of pieces: messages, and the names of errors. */
function decodeAll<In>(decoder: Decoder<In>, pieces: readonly Bytes[]): unknown[] {
  const frames = new FrameReader(decoder);
  const events: unknown[] = [];
  const take = (): void => {
    while (!frames.isDone) {
      try {
        const message = frames.next();
        if (message === NEED_MORE) return;
        events.push(message instanceof Uint8Array ? decode(message) : message);
      } catch (error) {
        events.push(error instanceof Error ? error.name : error);
      }
    }
  };
  for (const piece of pieces) {
    frames.feedData(copyOf(piece));
    take();
  }
  frames.feedEof();
  take();
  return events;
}

function pieces(bytes: Bytes, size: number): Bytes[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, i) => copyOf(bytes, i * size, (i + 1) * size),
  );
}

Deno.test("A length smaller than its own field is an error, not an endless loop", () => {
  for (const length of [0xfffffffc, 0, 3]) {
    const field = new Uint8Array(8);
    new DataView(field.buffer).setUint32(0, length);
    const codec = lengthFieldCodec({ includesHeader: true, maxLength: 1000 });
    const events = decodeAll(codec, [field]);
    assertEquals(events[0], length === 0xfffffffc ? "FrameTooLongError" : "FrameDecodeError");
    assert(events.length <= 2);
  }
});

Deno.test("A length of 2 ^ 31 and more is large, not negative", () => {
  for (const length of [0x7fffffff, 0x80000000, 0xffffffff]) {
    const field = new Uint8Array(4);
    new DataView(field.buffer).setUint32(0, length);
    const reader = new FrameReader(lengthFieldCodec());
    reader.feedData(field);
    const error = assertThrows(() => reader.next(), FrameTooLongError);
    assertEquals(error.length, length);
  }
});

Deno.test("An endless varint is an error after ten bytes, a longer form of a small one is not", () => {
  const endless = new Uint8Array(16).fill(0x80);
  for (const size of [1, 16]) {
    assertEquals(decodeAll(varintLengthCodec(), pieces(endless, size)), ["FrameDecodeError"]);
  }
  const padded = Uint8Array.of(0x82, 0x80, 0x00, 0x61, 0x62);
  assertEquals(decodeAll(varintLengthCodec(), [padded]), ["ab"]);
  const reader = new FrameReader(varintLengthCodec());
  reader.feedData(new Uint8Array([...new Array(9).fill(0xff), 0x02]));
  assertThrows(() => reader.next(), FrameTooLongError);
  const broken = new FrameReader(varintLengthCodec());
  broken.feedData(endless);
  assertThrows(() => broken.next(), FrameDecodeError);
});

Deno.test("A line that is too long is reported once, in any number of pieces", () => {
  const bytes = encode("line too very laaaaaaaaaaaaaaaaaaaaaaaong\nshort\n");
  for (const size of [1, 5, 23, 100]) {
    const events = decodeAll(lineCodec({ maxLength: 11 }), pieces(bytes, size));
    assertEquals(events, ["FrameTooLongError", "short"], `${size} bytes at a time`);
  }
});

Deno.test("Characters of several bytes survive any cut of JSON lines", () => {
  const value = { text: "中č🎉 — ✅" };
  const bytes = encode(`${JSON.stringify(value)}\n`);
  for (let size = 1; size <= bytes.length; size++) {
    assertEquals(decodeAll(jsonLinesCodec(), pieces(bytes, size)), [value]);
  }
});

Deno.test("COBS: an empty packet, zeros alone and runs around 254 bytes come back", () => {
  assertEquals(cobsCodec().encode(new Uint8Array(0)), Uint8Array.of(1, 0));
  for (const length of [0, 1, 2, 253, 254, 255, 507, 508, 509, 1000]) {
    for (const fill of [0, 1, 255]) {
      for (const zeroAt of [-1, 0, length - 1]) {
        const packet = new Uint8Array(length).fill(fill);
        if (zeroAt >= 0 && length > 0) packet[zeroAt] = 0;
        const encoded = cobsCodec().encode(packet) as Bytes;
        assertEquals(encoded.indexOf(0), encoded.length - 1);
        const reader = new FrameReader(cobsCodec());
        for (const piece of pieces(encoded, 100)) reader.feedData(piece);
        assertSameBytes(reader.next() as Bytes, packet);
      }
    }
  }
});

Deno.test("readuntil() keeps a separator of several bytes whole, in any split", async () => {
  const bytes = encode("11ab\n22ab\n33ab");
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new StreamReader();
    for (const piece of pieces(bytes, size)) reader.feedData(piece);
    const records = [];
    for (let i = 0; i < 3; i++) records.push(decode(await reader.readuntil("ab")));
    assertEquals(records, ["11ab", "\n22ab", "\n33ab"]);
  }
});

Deno.test("Of several separators the same one ends a record in any split", async () => {
  const bytes = encode("a\r\nb\nc\r\n");
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new StreamReader();
    const feeding = (async () => {
      for (const piece of pieces(bytes, size)) {
        reader.feedData(piece);
        await null;
      }
    })();
    const records = [];
    for (let i = 0; i < 3; i++) records.push(decode(await reader.readuntil(["\n", "\r\n"])));
    assertEquals(records, ["a\r\n", "b\n", "c\r\n"], `${size} bytes at a time`);
    await feeding;
  }
});

Deno.test("A released BYOB read does not change the order of the bytes that a default read gets", async () => {
  await using pair = await connectPair("tcp");
  const byob = pair.b.readable.getReader({ mode: "byob" });
  const given = byob.read(new Uint8Array(4)).catch((error) => error);
  byob.releaseLock();
  assert(await given instanceof TypeError);
  pair.a.writer.write("first");
  pair.a.writer.write("second");
  pair.a.writer.writeEof();
  let text = "";
  for await (const chunk of pair.b.readable) text += decode(chunk);
  assertEquals(text, "firstsecond");
});

Deno.test("A BYOB read takes the view's memory and gives it back under another name", async () => {
  await using pair = await connectPair("memory");
  pair.a.writer.write("bytes");
  const byob = pair.b.readable.getReader({ mode: "byob" });
  const view = new Uint8Array(16);
  const { value } = await byob.read(view);
  byob.releaseLock();
  assertEquals([view.length, view.buffer.detached], [0, true]);
  assertEquals([decode(value as Bytes), value?.buffer.byteLength], ["bytes", 16]);
});

Deno.test("A writer that waits for room goes on when the peer has gone", async () => {
  const pair = await connectPair("memory");
  const { a, b } = pair;
  b.transport.pauseReading();
  a.writer.write(new Uint8Array(1_000_000));
  const waiting = a.writer.drain();
  b.transport.abort();
  await assertRejects(() => waiting);
  await a.closed;
});

Deno.test("An echo that pauses reading while it cannot write makes progress under load in both directions", async () => {
  const total = 8_000_000;
  const server = await createServer(() => {
    let transport: Transport;
    return {
      connectionMade(made): void {
        transport = made;
        made.setWriteBufferLimits({ high: 10_000, low: 0 });
      },
      dataReceived: (chunk) => void transport.write(chunk),
      pauseWriting: () => transport.pauseReading(),
      resumeWriting: () => transport.resumeReading(),
    };
  }, { port: 0 });
  let received = 0;
  const done = Promise.withResolvers<void>();
  const { transport } = await createConnection(() => ({
    dataReceived(chunk): void {
      received += chunk.length;
      if (received >= total) done.resolve();
    },
  }), { port: server.port });
  for (let sent = 0; sent < total; sent += 500_000) transport.write(new Uint8Array(500_000));
  await done.promise;
  assertEquals(received, total);
  transport.abort();
  await server.shutdown({ grace: 0 });
});

Deno.test("A carrier that accepts any part of a write neither loses nor repeats bytes", async () => {
  const random = new Random(11);
  const sent: Bytes[] = [];
  const taken: Bytes[] = [];
  const { transport } = await connectCarrier(() => ({}), {
    source: { next: () => new Promise(() => {}) },
    write(bytes: Uint8Array): number | Promise<number> {
      const n = 1 + random.below(Math.min(bytes.length, random.pick(3, 3000, 200_000)));
      taken.push(copyOf(bytes, 0, n));
      return random.below(2) === 0 ? n : Promise.resolve(n);
    },
    close(): void {},
    getExtraInfo: () => undefined,
  }, {});
  for (let i = 0; i < 300; i++) {
    const piece = random.bytes(random.pick(1, 100, 5000, 30_000));
    sent.push(copyOf(piece));
    if (random.below(2) === 0) transport.write(piece);
    else transport.writelines([copyOf(piece, 0, 1), copyOf(piece, 1)]);
    if (random.below(3) === 0) await null;
  }
  transport.close();
  const { bytesUnsent } = await transport.closed;
  assertEquals(bytesUnsent, 0);
  assertSameBytes(await new Blob(taken).bytes(), await new Blob(sent).bytes());
});

Deno.test("Chunks that arrive while others wait for resumeReading() are delivered after them, once", async () => {
  const received: string[] = [];
  const [a, b] = await memoryTransportPair(() => ({}), () => ({
    dataReceived(chunk: Bytes): void {
      received.push(decode(chunk));
      if (received.length % 2 === 0) return;
      b.transport.pauseReading();
      queueMicrotask(() => b.transport.resumeReading());
    },
  }));
  const expected = [];
  for (let i = 0; i < 200; i++) {
    a.transport.write(`${i},`);
    expected.push(`${i},`);
    if (i % 3 === 0) await null;
  }
  a.transport.close();
  await b.transport.closed;
  assertEquals(received.join(""), expected.join(""));
});

Deno.test("pauseReading() in a message's callback holds back the messages of the same chunk", async () => {
  class Stepwise extends FramedProtocol<string> {
    readonly lines: string[] = [];
    override messageReceived(line: string): void {
      this.lines.push(line);
      this.transport.pauseReading();
    }
  }
  const [a, b] = await memoryTransportPair(() => ({}), () => new Stepwise(lineCodec()));
  a.transport.write("one\ntwo\nthree\n");
  for (const expected of [["one"], ["one", "two"], ["one", "two", "three"]]) {
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals(b.protocol.lines, expected);
    b.transport.resumeReading();
  }
  for (const { transport } of [a, b]) transport.abort();
  await b.transport.closed;
});

Deno.test("resumeWriting() is called although more was written while the queue was sent", async () => {
  const order: string[] = [];
  const resumed = Promise.withResolvers<void>();
  const [a, b] = await memoryTransportPair(() => ({
    pauseWriting: () => void order.push("pause"),
    resumeWriting(): void {
      order.push("resume");
      resumed.resolve();
    },
  }), () => ({}));
  b.transport.pauseReading();
  a.transport.write(pattern(300_000));
  assertEquals(order, ["pause"]);
  const ticks = setInterval(() => a.transport.write("tick"), 0);
  b.transport.resumeReading();
  await resumed.promise;
  clearInterval(ticks);
  assertEquals(order, ["pause", "resume"]);
  for (const { transport } of [a, b]) transport.abort();
  await b.transport.closed;
});
