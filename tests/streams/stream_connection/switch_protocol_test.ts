import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { AnyProtocol } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { RecordingBufferedProtocol } from "../../../testing/recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import type { TransportOptions } from "../../../transports/core/transport_options.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode, pattern } from "../../support/text.ts";
import { pausedReading } from "../../support/doubles/paused_reading.ts";

/** A protocol that keeps the way out open at the end of the data, as a stream does. */
function recorder(): RecordingProtocol {
  return new RecordingProtocol({ eofReceived: () => true });
}

const RECORDERS = [
  ["Protocol", recorder],
  ["BufferedProtocol", () => new RecordingBufferedProtocol({ eofReceived: () => true })],
] as const;

for (const medium of ["memory", "tcp"] as const) {
  for (const [kind, make] of RECORDERS) {
    Deno.test(`StreamConnection.switchProtocol() gives a ${kind} the unread bytes, then later ones (${medium})`, async () => {
      await using pair = await connectPair(medium);
      const { a, b } = pair;
      b.writer.write("UPGRADE\nunread ");
      assertEquals(decode(await a.reader.readline()), "UPGRADE\n");
      const protocol = make();
      const transport = a.switchProtocol(protocol);
      assertStrictEquals(transport, a.transport);
      assertEquals(protocol.calls, []);
      b.writer.write("and new");
      await protocol.untilReceived(14);
      assertEquals(protocol.receivedText, "unread and new");
      transport.write("answer\n");
      assertEquals(decode(await b.reader.readline()), "answer\n");
      b.writer.close();
      await protocol.until("eofReceived");
      assertEquals(protocol.calls.includes("connectionMade"), false);
      transport.close();
      await protocol.until("connectionLost");
    });
  }

  Deno.test(`StreamConnection.switchProtocol() resumes reading that the reader had paused (${medium})`, async () => {
    await using pair = await connectPair(medium, { limit: 10 });
    const { a, b } = pair;
    const data = pattern(300_000);
    b.writer.write(data);
    await pausedReading(a.transport);
    const protocol = recorder();
    a.switchProtocol(protocol);
    await protocol.untilReceived(data.length);
    assertEquals(protocol.received, data);
  });

  Deno.test(`StreamConnection.switchProtocol() works also when the data has ended (${medium})`, async () => {
    await using pair = await connectPair(medium);
    const { a, b } = pair;
    b.writer.write("UPGRADE\nunread");
    b.writer.writeEof();
    assertEquals(decode(await a.reader.readline()), "UPGRADE\n");
    await b.writer.flush();
    await settle();
    const protocol = recorder();
    a.switchProtocol(protocol);
    await protocol.until("eofReceived");
    assertEquals(protocol.order, ["dataReceived", "eofReceived"]);
    assertEquals(protocol.receivedText, "unread");
  });
}

Deno.test("StreamConnection.switchProtocol() tells of the end although nothing is unread", async () => {
  await using pair = await connectPair();
  pair.b.writer.write("UPGRADE");
  pair.b.writer.writeEof();
  assertEquals(decode(await pair.a.reader.read()), "UPGRADE");
  const protocol = recorder();
  pair.a.switchProtocol(protocol);
  await protocol.until("eofReceived");
  assertEquals(protocol.order, ["eofReceived"]);
});

Deno.test("StreamConnection.switchProtocol() ends reader, writer and Web pair for their users", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const reading = a.reader.readline();
  await settle();
  a.switchProtocol(recorder());
  await assertRejects(() => reading, InvalidStateError, "was handed over");
  await assertRejects(() => a.reader.read(), InvalidStateError, "was handed over");
  await assertRejects(() => a.readable.getReader().read(), InvalidStateError, "was handed over");
  assertThrows(() => a.writer.write("x"), InvalidStateError, "was handed over");
  assertThrows(() => a.writer.writelines(["x"]), InvalidStateError, "was handed over");
  assertThrows(() => a.writer.writeEof(), InvalidStateError, "was handed over");
  await assertRejects(() => a.writer.drain(), InvalidStateError, "was handed over");
  await assertRejects(() => a.writer.flush(), InvalidStateError, "was handed over");
  const web = a.writable.getWriter();
  await assertRejects(() => web.write(encode("x")), InvalidStateError, "was handed over");
  a.transport.writeEof();
  assertEquals(await b.reader.read(), new Uint8Array(0));
});

Deno.test("StreamConnection.switchProtocol() rejects waits for room", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  b.transport.pauseReading();
  a.writer.write(pattern(1_000_000));
  const waits = [a.writer.drain(), a.writer.flush(), a.writable.getWriter().write(encode("x"))];
  for (const wait of waits) wait.catch(() => {});
  await settle();
  const limits = a.transport.getWriteBufferLimits();
  const protocol = recorder();
  a.switchProtocol(protocol);
  for (const wait of waits) {
    await assertRejects(() => wait, InvalidStateError, "was handed over");
  }
  assertEquals(limits, { high: 65_536, low: 16_384 });
  assertEquals(a.transport.getWriteBufferLimits(), { high: 65_536, low: 16_384 });
  b.transport.resumeReading();
  await b.reader.readexactly(1_000_001);
  await protocol.until("resumeWriting");
});

Deno.test("StreamConnection whose protocol was switched still reports its end, and can be closed", async () => {
  await using pair = await connectPair();
  const { a } = pair;
  const waiting = a.writer.waitClosed();
  const { signal } = a;
  a.switchProtocol(recorder());
  assertEquals(a.writer.isClosing(), false);
  assertEquals((await a.close()).endedBy, "local");
  await waiting;
  await settle();
  assert(signal.aborted);
});

Deno.test("StreamConnection.over() reads the bytes that the protocol did not use, then later ones", async () => {
  const [a, b] = await memoryTransportPair(recorder, recorder);
  b.transport.write("for the protocol, ");
  await a.protocol.untilReceived(18);
  const connection = StreamConnection.over(a.transport, { unread: encode("unread ") });
  b.transport.write("and new\n");
  assertEquals(decode(await connection.reader.readline()), "unread and new\n");
  connection.writer.write("answer");
  await connection.close();
  await b.protocol.until("eofReceived");
  assertEquals(b.protocol.receivedText, "answer");
  assertEquals(a.protocol.calls, ["connectionMade", "dataReceived"]);
  b.transport.close();
  await b.transport.closed;
});

Deno.test("StreamConnection.over() resumes reading that the protocol had paused", async () => {
  const [a, b] = await memoryTransportPair(
    () => recorder(),
    () => recorder(),
  );
  a.transport.pauseReading();
  b.transport.write("waiting");
  b.transport.writeEof();
  await settle();
  await using connection = StreamConnection.over(a.transport);
  assertEquals(decode(await connection.reader.read()), "waiting");
  b.transport.close();
});

for (const medium of ["a plain transport", "a layer"]) {
  Deno.test(`StreamConnection.over() knows that the data has ended already, over ${medium}`, async () => {
    const layers = medium === "a layer"
      ? [(upper: AnyProtocol, options: TransportOptions) => new Layer(upper, options)]
      : [];
    const [a, b] = await memoryTransportPair(recorder, recorder, { layers });
    b.transport.write("unread");
    b.transport.writeEof();
    await a.protocol.until("eofReceived");
    const first = StreamConnection.over(a.transport, { unread: encode("unread") });
    assertEquals(decode(await first.reader.readexactly(2)), "un");
    const second = recorder();
    first.switchProtocol(second);
    await second.until("eofReceived");
    assertEquals(second.order, ["dataReceived", "eofReceived"]);
    assertEquals(second.receivedText, "read");
    await using third = StreamConnection.over(a.transport);
    assertEquals(await third.reader.read(), new Uint8Array(0));
    third.writer.write("answer");
    third.writer.writeEof();
    await b.protocol.until("eofReceived");
    assertEquals(b.protocol.receivedText, "answer");
    b.transport.close();
  });
}

Deno.test("StreamConnection.over() pauses for more unread bytes than the limit allows", async () => {
  const transport = new RecordingTransport({});
  transport.start();
  const connection = StreamConnection.over(transport, { limit: 4, unread: encode("123456789") });
  assertEquals(transport.isReading(), false);
  assertEquals(decode(await connection.reader.read(5)), "12345");
  assertEquals(transport.isReading(), true);
});

Deno.test("StreamConnection.over() knows that the queue is full already", async () => {
  const transport = new RecordingTransport({}, { writeBufferLimits: { high: 10 } });
  transport.start();
  transport.stall();
  transport.write("more than ten bytes");
  const connection = StreamConnection.over(transport);
  const draining = connection.writer.drain();
  assertEquals(await stateOf(draining), "pending");
  await transport.drain();
  await draining;
});

Deno.test("StreamConnection.over() reads also when writing has ended already", async () => {
  const transport = new RecordingTransport({});
  transport.start();
  transport.writeEof();
  const { reader, writer } = StreamConnection.over(transport);
  await writer.drain();
  await transport.feed("answer");
  assertEquals(decode(await reader.read(9)), "answer");
});

Deno.test("StreamConnection.over() rejects a bad limit before it changes anything", () => {
  const protocol = {};
  const transport = new RecordingTransport(protocol);
  assertThrows(() => StreamConnection.over(transport, { limit: 0 }), RangeError);
  assertStrictEquals(transport.getProtocol(), protocol);
});

Deno.test("StreamConnection.over() of a connection that is gone ends its reader", async () => {
  for (const error of [null, new Error("Cable cut")]) {
    const transport = new RecordingTransport({});
    transport.start();
    transport.abort(error ?? undefined);
    await transport.closed;
    const { reader, writer } = StreamConnection.over(transport);
    if (error === null) assertEquals(await reader.read(), new Uint8Array(0));
    else assertStrictEquals(await assertRejects(() => reader.read()), error);
    await assertRejects(() => writer.drain());
  }
});
