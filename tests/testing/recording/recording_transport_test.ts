import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { InvalidStateError, WriteBufferFullError } from "../../../protocols/errors.ts";
import { RecordingBufferedProtocol } from "../../../testing/recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import {
  RecordingTransport,
  type RecordingTransportOptions,
} from "../../../testing/recording/recording_transport.ts";
import { settle } from "../../support/time/event_loop.ts";

/** A transport that has been started, and the protocol it drives. */
function started<P extends AnyProtocol>(
  protocol: P,
  options?: RecordingTransportOptions,
): { transport: RecordingTransport; protocol: P } {
  const transport = new RecordingTransport(protocol, options);
  transport.start();
  return { transport, protocol };
}

const fail = () => {
  throw new SyntaxError("On purpose");
};

Deno.test("RecordingTransport.start() calls connectionMade with the transport", () => {
  const { transport, protocol } = started(new RecordingProtocol());
  assertStrictEquals(protocol.transport, transport);
  assertThrows(() => transport.start(), InvalidStateError);
});

Deno.test("RecordingTransport records every call that changes something", () => {
  const { transport } = started({});
  const next = {};
  const unread = new Uint8Array([1]);
  const reason = new Error("enough");
  transport.write("text");
  transport.write(new Uint8Array([1, 2]));
  transport.writelines(["a", new Uint8Array([3])]);
  transport.setWriteBufferLimits({ high: 5 });
  transport.pauseReading();
  transport.resumeReading();
  transport.setProtocol(next);
  transport.setProtocol(next, { unread });
  transport.writeEof();
  transport.close();
  transport.abort(reason);
  transport.abort();
  assertEquals(transport.calls, [
    { method: "write", args: ["text"] },
    { method: "write", args: [new Uint8Array([1, 2])] },
    { method: "writelines", args: [[new Uint8Array([97]), new Uint8Array([3])]] },
    { method: "setWriteBufferLimits", args: [{ high: 5 }] },
    { method: "pauseReading", args: [] },
    { method: "resumeReading", args: [] },
    { method: "setProtocol", args: [next] },
    { method: "setProtocol", args: [next, { unread }] },
    { method: "writeEof", args: [] },
    { method: "close", args: [] },
    { method: "abort", args: [reason] },
    { method: "abort", args: [] },
  ]);
});

Deno.test("RecordingTransport keeps copies of what is written", () => {
  const { transport } = started({});
  const data = new Uint8Array([104, 105]);
  transport.write(data);
  data.fill(0);
  transport.write(" é");
  assertEquals(transport.writtenText, "hi é");
  assertEquals(transport.written.length, 5);
});

Deno.test("RecordingTransport.write() throws TypeError for what is neither bytes nor a string", () => {
  const { transport } = started({});
  assertThrows(() => transport.write(7 as unknown as string), TypeError);
  assertThrows(() => transport.writelines(["a", null as unknown as string]), TypeError);
  assertEquals(transport.writtenText, "");
});

Deno.test("RecordingTransport.feed() hands over a copy, and resolves after the protocol", async () => {
  const work = Promise.withResolvers<void>();
  const { transport, protocol } = started(
    new RecordingProtocol({ dataReceived: () => work.promise }),
  );
  let isDone = false;
  const data = new Uint8Array([97]);
  const fed = transport.feed(data).then(() => isDone = true);
  const second = transport.feed("bc");
  data.fill(0);
  await Promise.resolve();
  assertEquals([protocol.receivedText, isDone], ["a", false]);
  work.resolve();
  await fed;
  await second;
  assertEquals(protocol.receivedText, "abc");
});

Deno.test("RecordingTransport.feed() fills the buffers of a buffered protocol", async () => {
  const { transport, protocol } = started(
    new RecordingBufferedProtocol({ getBuffer: () => new Uint8Array(2) }),
  );
  await transport.feed("hello");
  assertEquals(protocol.receivedText, "hello");
  assertEquals(protocol.count("bufferUpdated"), 3);
});

Deno.test("RecordingTransport.feed() of nothing calls nothing", async () => {
  const { transport, protocol } = started(new RecordingProtocol());
  await transport.feed("");
  assertEquals(protocol.calls, ["connectionMade"]);
});

Deno.test("RecordingTransport.feed() waits while reading is paused", async () => {
  const { transport, protocol } = started(new RecordingProtocol());
  transport.pauseReading();
  assertEquals(transport.isReading(), false);
  const fed = transport.feed("held");
  const ended = transport.feedEof();
  assertEquals(protocol.receivedLength, 0);
  transport.resumeReading();
  assertEquals(protocol.receivedLength, 0, "delivered inside the call");
  await fed;
  await ended;
  assertEquals(protocol.receivedText, "held");
  assertEquals((await transport.closed).endedBy, "peer");
});

Deno.test("RecordingTransport.feed() rejects before start() and after feedEof()", async () => {
  const fresh = new RecordingTransport({});
  await assertRejects(() => fresh.feed("x"), InvalidStateError, "start() was not called");
  const { transport } = started({ eofReceived: () => true });
  await transport.feedEof();
  await assertRejects(() => transport.feed("x"), InvalidStateError, "feedEof() was called");
});

Deno.test("RecordingTransport.feed() is dropped once the transport closes", async () => {
  const { transport, protocol } = started(
    new RecordingProtocol({ dataReceived: (): void => transport.close() }),
  );
  const both = [transport.feed("one"), transport.feed("two")];
  await Promise.all(both);
  await transport.feed("three");
  assertEquals(protocol.receivedText, "one");
});

Deno.test("RecordingTransport.feedEof() closes unless eofReceived() says otherwise", async () => {
  const { transport } = started({});
  await transport.feedEof();
  assertEquals((await transport.closed).endedBy, "peer");

  const open = started({ eofReceived: () => true }).transport;
  await open.feedEof();
  assertEquals(open.isClosing(), false);
  assertEquals(open.write("still"), true);
});

Deno.test("RecordingTransport ends with the exception of a callback, and the test's call throws it", async () => {
  const byData = started({ dataReceived: fail }).transport;
  const error = await assertRejects(() => byData.feed("x"), SyntaxError);
  assertStrictEquals((await byData.closed).error, error);
  assertEquals(byData.errors, [error]);

  const byEof = started({ eofReceived: fail }).transport;
  await assertRejects(() => byEof.feedEof(), SyntaxError);
  const byAnswer = started({ eofReceived: () => Promise.reject(error) }).transport;
  assertStrictEquals(await assertRejects(() => byAnswer.feedEof()), error);

  const byRejection = started({ dataReceived: () => Promise.reject(error) }).transport;
  assertStrictEquals(await assertRejects(() => byRejection.feed("x")), error);

  const byMade = new RecordingTransport({ connectionMade: fail });
  assertThrows(() => byMade.start(), SyntaxError);
  assertEquals((await byMade.closed).endedBy, "error");

  const byBuffer = started({ getBuffer: () => new Uint8Array(0) }).transport;
  await assertRejects(() => byBuffer.feed("x"), InvalidStateError);
});

Deno.test("RecordingTransport keeps what pauseWriting() and connectionLost() throw", async () => {
  const { transport } = started(
    { pauseWriting: fail, connectionLost: fail },
    { writeBufferLimits: { high: 0 } },
  );
  transport.stall();
  transport.write("x");
  const { error } = await transport.closed;
  assertEquals(error?.name, "SyntaxError");
  assertEquals(transport.errors.length, 2);
});

Deno.test("RecordingTransport.drain() throws the exception of resumeWriting()", async () => {
  const { transport } = started({ resumeWriting: fail }, { writeBufferLimits: { high: 0 } });
  transport.stall();
  transport.write("x");
  await assertRejects(() => transport.drain(), SyntaxError);
  assertEquals(transport.isClosing(), true);
});

Deno.test("RecordingTransport.write() goes above the water mark until the peer has the bytes", async () => {
  const { transport, protocol } = started(new RecordingProtocol(), {
    writeBufferLimits: { high: 10, low: 2 },
  });
  assertEquals(transport.getWriteBufferLimits(), { high: 10, low: 2 });
  assertEquals(transport.write("more than ten bytes are queued"), false);
  await transport.drain();
  assertEquals(protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
  assertEquals(transport.getWriteBufferSize(), 0);
});

Deno.test("RecordingTransport.stall() and drain() move the writer across the water marks", async () => {
  const { transport, protocol } = started(new RecordingProtocol(), {
    writeBufferLimits: { high: 10, low: 2 },
  });
  transport.stall();
  assertEquals(transport.write("1234567890"), true);
  assertEquals(transport.write("1"), false);
  assertEquals(transport.getWriteBufferSize(), 11);
  await transport.drain(8);
  assertEquals(protocol.order, ["connectionMade", "pauseWriting"]);
  assertEquals(transport.getWriteBufferSize(), 3);
  await transport.drain(1);
  assertEquals(protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
  assertEquals(transport.getWriteBufferSize(), 2);
  transport.setWriteBufferLimits({ high: 1 });
  assertEquals(protocol.count("pauseWriting"), 2);
  await transport.drain();
  assertEquals(transport.getWriteBufferSize(), 0);
});

Deno.test("RecordingTransport.stall() lets through what was written before", async () => {
  const { transport } = started({});
  transport.write("sent");
  transport.stall();
  transport.write("queued");
  await transport.drain(4);
  assertEquals(transport.getWriteBufferSize(), 6);
  transport.abort();
  const { bytesWritten, bytesUnsent } = await transport.closed;
  assertEquals({ bytesWritten, bytesUnsent }, { bytesWritten: 4, bytesUnsent: 6 });
});

Deno.test("RecordingTransport.drain() of some bytes stalls no peer that reads", async () => {
  const { transport } = started({});
  transport.write("sent");
  await transport.drain(1);
  transport.write("sent as well");
  transport.close();
  assertEquals((await transport.closed).bytesWritten, 16);
});

Deno.test("RecordingTransport.drain() settles when the connection is lost", async () => {
  const { transport } = started({});
  transport.stall();
  transport.write("queued");
  const draining = transport.drain(3);
  transport.lose(new Error("reset"));
  await draining;
  assertEquals((await transport.closed).error?.message, "reset");
});

Deno.test("RecordingTransport.close() ends when what is queued is drained", async () => {
  const { transport, protocol } = started(new RecordingProtocol());
  transport.stall();
  transport.write("queued");
  transport.close();
  transport.write("dropped");
  await settle();
  assertEquals(protocol.count("connectionLost"), 0);
  const drained = transport.drain();
  assertEquals(protocol.count("connectionLost"), 0, "called inside");
  await drained;
  const { endedBy, bytesWritten, bytesUnsent } = await transport.closed;
  assertEquals({ endedBy, bytesWritten, bytesUnsent }, {
    endedBy: "local",
    bytesWritten: 6,
    bytesUnsent: 0,
  });
  assertEquals(transport.writtenText, "queued");
});

Deno.test("RecordingTransport.abort() drops what is queued", async () => {
  const reason = new Error("enough");
  const { transport, protocol } = started(new RecordingProtocol(), {
    writeBufferLimits: { high: 1 },
  });
  transport.stall();
  transport.write("queued");
  transport.abort(reason);
  const { endedBy, error, bytesUnsent, bytesWritten } = await transport.closed;
  assertEquals({ endedBy, error, bytesUnsent, bytesWritten }, {
    endedBy: "error",
    error: reason,
    bytesUnsent: 6,
    bytesWritten: 0,
  });
  await transport.drain();
  assertEquals(protocol.order, ["connectionMade", "pauseWriting", "connectionLost"]);
});

Deno.test("RecordingTransport.lose() simulates a failure of the network", async () => {
  const { transport, protocol } = started(new RecordingProtocol());
  await transport.feed("abc");
  const reset = new Error("reset");
  transport.lose(reset);
  const { endedBy, bytesRead } = await transport.closed;
  assertEquals([endedBy, bytesRead, protocol.error], ["error", 3, reset]);
});

Deno.test("RecordingTransport.writeEof() ends writing, and refuses without half-close", () => {
  const { transport } = started({});
  assertEquals(transport.canWriteEof(), true);
  transport.writeEof();
  transport.writeEof();
  assertThrows(() => transport.write("x"), InvalidStateError);

  const single = started({}, { halfClose: false }).transport;
  assertEquals(single.canWriteEof(), false);
  assertThrows(() => single.writeEof(), InvalidStateError);
  assertEquals(single.write("x"), true);
});

Deno.test("RecordingTransport ends with WriteBufferFullError above maxWriteBuffer", async () => {
  const { transport } = started({}, { maxWriteBuffer: 4 });
  transport.stall();
  transport.write("12345");
  transport.write("6");
  const { error } = await transport.closed;
  assertEquals(error instanceof WriteBufferFullError && error.size, 5);
  assertEquals(transport.writtenText, "12345");
});

Deno.test("RecordingTransport.setProtocol() delivers unread bytes first, to the new protocol", async () => {
  const next = new RecordingProtocol();
  const { transport, protocol } = started(
    new RecordingProtocol({
      dataReceived: (chunk): void => transport.setProtocol(next, { unread: chunk }),
    }),
  );
  await Promise.all([transport.feed("one "), transport.feed("two")]);
  assertEquals([protocol.receivedText, next.receivedText], ["one ", "one two"]);
  assertStrictEquals(transport.getProtocol(), next);
});

Deno.test("RecordingTransport ends with what the protocol throws over unread bytes", async () => {
  const { transport } = started({});
  transport.setProtocol({ dataReceived: fail }, { unread: new Uint8Array(1) });
  assertEquals((await transport.closed).error?.name, "SyntaxError");
});

Deno.test("RecordingTransport.getExtraInfo() knows what the test gave", () => {
  const peername = { transport: "memory", name: "test" } as const;
  const transport: Transport = new RecordingTransport({}, { extraInfo: { peername } });
  assertEquals(transport.getExtraInfo("peername"), peername);
  assertEquals(transport.getExtraInfo("sockname"), null);
  assertEquals(transport.getExtraInfo("sockname", 7), 7);
});

Deno.test("RecordingTransport.feed() in a callback resolves when the protocol has dealt with it", async () => {
  const work = Promise.withResolvers<void>();
  let later: Promise<void> | undefined;
  const { transport, protocol } = started(
    new RecordingProtocol({
      dataReceived: (): Promise<void> => {
        later ??= transport.feed("second");
        return work.promise;
      },
    }),
  );
  const first = transport.feed("first ");
  assertEquals(protocol.receivedText, "first ");
  work.resolve();
  await first;
  await later;
  assertEquals(protocol.receivedText, "first second");
});

Deno.test("RecordingTransport refuses options that it does not have", () => {
  const wrong = (options: unknown) => new RecordingTransport({}, options as { halfClose: true });
  assertThrows(() => wrong({ halfClosed: true }), TypeError, 'did you mean "halfClose"?');
  assertThrows(() => wrong({ halfClose: 1 }), TypeError, "halfClose 1 is neither true nor false");
  assertThrows(() => wrong({ extraInfo: "blue" }), TypeError, 'extraInfo "blue"');
  assertThrows(() => wrong({ writeBufferLimits: { high: -1 } }), RangeError, "high -1");
  assertThrows(() => wrong({ maxWriteBuffer: NaN }), RangeError, "maxWriteBuffer NaN");
});
