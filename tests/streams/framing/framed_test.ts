import {
  type Codec,
  ConnectionLostError,
  framed,
  type FramedConnection,
  FrameDecodeError,
  FrameTooLongError,
  IncompleteFrameError,
  InvalidStateError,
  lengthFieldCodec,
  lineCodec,
  StreamConnection,
} from "@sluice/net";
import { fixedLengthCodec } from "@sluice/net/codecs";
import { FrameEncodeError } from "@sluice/net/protocols";
import type { FramedOptions } from "@sluice/net/streams";
import { RecordingProtocol } from "@sluice/net/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Random } from "../../../testing/conformance/random.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { connectPair, type StreamPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode } from "../../support/text.ts";

/** A pair with messages at one end, and the raw bytes at the other. */
async function lines(
  options?: FramedOptions,
  codec: Codec<string> = lineCodec({ maxLength: 10 }),
): Promise<{ pair: StreamPair; messages: FramedConnection<string>; peer: StreamConnection }> {
  const pair = await connectPair();
  return { pair, messages: framed(pair.a, codec, options), peer: pair.b };
}

Deno.test("FramedConnection.receive() gives the messages, then undefined", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("one\ntwo\nla");
  assertEquals([await messages.receive(), await messages.receive()], ["one", "two"]);
  const last = messages.receive();
  peer.writer.write("st");
  peer.writer.writeEof();
  assertEquals(await last, "last");
  assertEquals([await messages.receive(), await messages.receive()], [undefined, undefined]);
});

Deno.test("FramedConnection starts after the bytes that its reader has read", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("header\none\n");
  assertEquals(decode(await pair.a.reader.readline()), "header\n");
  assertEquals(await messages.receive(), "one");
});

Deno.test("FramedConnection can be iterated several times, and loses nothing in between", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("1\n2\n3\n4\n5\n");
  peer.writer.writeEof();
  const seen: string[] = [];
  for await (const line of messages) {
    seen.push(line);
    if (line === "2") break;
  }
  seen.push(await messages.receive() ?? "none");
  for await (const line of messages) seen.push(line);
  assertEquals(seen, ["1", "2", "3", "4", "5"]);
});

Deno.test("FramedConnection.receive() that is aborted leaves the message to the next call", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("on");
  await settle();
  const cancel = new AbortController();
  const cancelled = messages.receive({ signal: cancel.signal });
  await settle();
  cancel.abort(new TypeError("Enough"));
  await assertRejects(() => cancelled, TypeError, "Enough");
  peer.writer.write("e\ntwo\n");
  await assertRejects(() => messages.receive({ signal: cancel.signal }), TypeError, "Enough");
  assertEquals(await messages.receive(), "one");
  assertEquals(await messages.receive(), "two");
});

Deno.test("FramedConnection.receive() rejects a second call that waits", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  const first = messages.receive();
  await assertRejects(() => messages.receive(), InvalidStateError, "already waiting");
  peer.writer.write("one\n");
  assertEquals(await first, "one");
});

Deno.test("FramedConnection.receive() fails once for a bad message, and goes on", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("one\nmuch too long\ntwo\n");
  assertEquals(await messages.receive(), "one");
  await assertRejects(() => messages.receive(), FrameTooLongError);
  assertEquals(await messages.receive(), "two");
});

Deno.test("FramedConnection calls onBadMessage, and continues without failing", async () => {
  const bad: string[] = [];
  const { pair, messages, peer } = await lines({ onBadMessage: (error) => bad.push(error.name) });
  await using _ = pair;
  peer.writer.write(encode("one\nmuch too long\n"));
  peer.writer.write(new Uint8Array([255, 10]));
  peer.writer.write("two\n");
  peer.writer.writeEof();
  assertEquals(await Array.fromAsync(messages), ["one", "two"]);
  assertEquals(bad, ["FrameTooLongError", "FrameDecodeError"]);
});

Deno.test("FramedConnection.codec is the one that messages are made with", async () => {
  const codec = lineCodec();
  const { pair, messages } = await lines({}, codec);
  await using _ = pair;
  assertEquals(messages.codec, codec);
});

Deno.test("FramedConnection.receive() fails each time once the stream is broken", async () => {
  const bad: string[] = [];
  await using pair = await connectPair();
  const options = { onBadMessage: (error: Error) => bad.push(error.name) };
  const messages = framed(pair.a, lengthFieldCodec({ includesHeader: true }), options);
  pair.b.writer.write(new Uint8Array([0, 0, 0, 5, 7, 0, 0, 0, 1]));
  assertEquals(await messages.receive(), new Uint8Array([7]));
  await assertRejects(() => messages.receive(), FrameDecodeError);
  await assertRejects(() => messages.receive(), FrameDecodeError);
  assertEquals(bad, []);
});

Deno.test("FramedConnection.receive() fails when the data ends inside a message", async () => {
  await using pair = await connectPair();
  const messages = framed(pair.a, fixedLengthCodec(4));
  pair.b.writer.write("1234567");
  pair.b.writer.writeEof();
  assertEquals(await messages.receive(), encode("1234"));
  await assertRejects(() => messages.receive(), IncompleteFrameError);
});

Deno.test("FramedConnection.receive() gives what arrived before the connection failed, then the failure", async () => {
  await using pair = await connectPair();
  const messages = framed(pair.a, lineCodec());
  pair.b.writer.write("one\ntwo\nthr");
  await settle();
  pair.a.transport.abort(new TypeError("Cable cut"));
  await pair.a.closed;
  assertEquals([await messages.receive(), await messages.receive()], ["one", "two"]);
  await assertRejects(() => messages.receive(), TypeError, "Cable cut");
});

Deno.test("FramedConnection.send() waits while the peer reads too slowly", async () => {
  await using pair = await connectPair("tcp");
  const messages = framed(pair.a, lengthFieldCodec());
  const message = new Uint8Array(60_000);
  pair.b.transport.pauseReading();
  let sent = 0;
  const sending = (async () => {
    for (; sent < 400; sent++) await messages.send(message);
  })();
  assertEquals(await stateOf(sending), "pending");
  const before = sent;
  assert(before < 400, "all was taken from a peer that does not read");
  pair.b.transport.resumeReading();
  const peer = framed(pair.b, lengthFieldCodec());
  for (let i = 0; i < 400; i++) assertEquals((await peer.receive())?.length, message.length);
  await sending;
});

Deno.test("FramedConnection.send() that cannot encode sends nothing", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  await assertRejects(() => messages.send("a\nb"), FrameEncodeError);
  await assertRejects(() => messages.send("x", { signal: AbortSignal.abort() }), DOMException);
  await messages.send("ok");
  assertEquals(decode(await peer.reader.read(10)), "ok\n");
});

Deno.test("FramedConnection.send() fails when the connection is gone", async () => {
  const { pair, messages } = await lines();
  await using _ = pair;
  await messages.close();
  await assertRejects(() => messages.send("x"), ConnectionLostError);
});

Deno.test("FramedConnection holds back a peer that sends faster than messages are received", async () => {
  await using pair = await connectPair("tcp");
  const messages = framed(pair.a, lengthFieldCodec());
  const peer = framed(pair.b, lengthFieldCodec());
  let sent = 0;
  const sending = (async () => {
    for (; sent < 400; sent++) await peer.send(new Uint8Array(60_000));
  })();
  assertEquals((await messages.receive())?.length, 60_000);
  assertEquals(await stateOf(sending), "pending");
  const { readable } = messages;
  assertEquals(await stateOf(sending), "pending");
  let received = 1;
  for await (const message of readable) {
    assertEquals(message.length, 60_000);
    if (++received === 400) break;
  }
  await sending;
});

Deno.test("FramedConnection.codec, when replaced, gets the bytes that were not decoded", async () => {
  await using pair = await connectPair();
  const messages = framed<string | Uint8Array>(pair.a, lineCodec());
  pair.b.writer.write("upgrade\n\u0003abc\u0001d");
  assertEquals(await messages.receive(), "upgrade");
  messages.codec = lengthFieldCodec({ lengthBytes: 1 });
  assertEquals(await messages.receive(), encode("abc"));
  assertEquals(await messages.receive(), encode("d"));
  await messages.send(encode("xy"));
  assertEquals(decode(await pair.b.reader.readexactly(3)), "\u0002xy");
});

Deno.test("FramedConnection.detach() hands the rest to a stream of bytes", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("one\ntwo\nth");
  assertEquals(await messages.receive(), "one");
  const waiting = messages.receive();
  assertEquals(await waiting, "two");
  peer.writer.write("ree");
  await settle();
  const { reader, writer } = StreamConnection.over(pair.a.transport, { unread: messages.detach() });
  await assertRejects(() => messages.receive(), InvalidStateError);
  peer.writer.write("\nfour\n");
  assertEquals(decode(await reader.readline()), "three\n");
  assertEquals(decode(await reader.readline()), "four\n");
  writer.write("bytes");
  assertEquals(decode(await peer.reader.readexactly(5)), "bytes");
});

Deno.test("FramedConnection.detach() hands the rest to a protocol", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("one\ntwo");
  assertEquals(await messages.receive(), "one");
  const protocol = new RecordingProtocol();
  pair.a.transport.setProtocol(protocol, { unread: messages.detach() });
  await settle();
  assertEquals(protocol.receivedText, "two");
});

Deno.test("FramedConnection.readable and writable pass messages with back-pressure", async () => {
  await using pair = await connectPair("tcp");
  const server = framed(pair.a, lineCodec());
  const echo = server.readable
    .pipeThrough(
      new TransformStream({
        transform: (line, controller) => controller.enqueue(line.toUpperCase()),
      }),
    )
    .pipeTo(server.writable);
  const client = framed(pair.b, lineCodec());
  const writer = client.writable.getWriter();
  for (const line of ["one", "two"]) await writer.write(line);
  await writer.close();
  assertEquals(await Array.fromAsync(client), ["ONE", "TWO"]);
  await echo;
});

Deno.test("FramedConnection.readable reads nothing ahead, and may take turns with receive()", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("1\n2\n3\n4\n");
  const reader = messages.readable.getReader();
  assertEquals(await reader.read(), { done: false, value: "1" });
  assertEquals(await messages.receive(), "2");
  assertEquals(await reader.read(), { done: false, value: "3" });
  reader.releaseLock();
  assertEquals(await messages.receive(), "4");
});

Deno.test("FramedConnection.readable leaves the message to the next reader after one was released", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  for (const next of ["receive", "reader"]) {
    const gone = messages.readable.getReader();
    const unread = gone.read();
    await settle();
    gone.releaseLock();
    await assertRejects(() => unread, TypeError);
    const received = next === "receive"
      ? messages.receive()
      : messages.readable.values({ preventCancel: true }).next().then(({ value }) => value);
    peer.writer.write(`${next}\nmore\n`);
    assertEquals(await received, next);
    if (next === "receive") assertEquals(await messages.receive(), "more");
  }
});

Deno.test("FramedConnection.readable keeps a message that arrives after its reader was released", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  const gone = messages.readable.getReader();
  const unread = gone.read();
  await settle();
  gone.releaseLock();
  await assertRejects(() => unread, TypeError);
  peer.writer.write("one\ntwo\n");
  await settle();
  assertEquals(await messages.receive(), "one");
  assertEquals(await messages.receive(), "two");
});

Deno.test("FramedConnection.receive() has the bytes that a released reader of readable waited for", async () => {
  const { pair, messages } = await lines();
  await using _ = pair;
  const gone = messages.readable.getReader();
  const unread = gone.read();
  await settle();
  gone.releaseLock();
  // In the same turn: the wait of the stream has ended with these bytes, and no one has heard of
  // it.
  pair.a.reader.feedData(encode("one\ntw"));
  assertEquals(await messages.receive(), "one");
  assertEquals(decode(messages.detach()), "tw");
  await assertRejects(() => unread, TypeError);
});

Deno.test("FramedConnection.readable leaves an unread message to receive()", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  const gone = messages.readable.getReader();
  const unread = gone.read();
  await settle();
  gone.releaseLock();
  await assertRejects(() => unread, TypeError);
  const idle = messages.readable.getReader();
  peer.writer.write("one\ntwo\n");
  await settle();
  idle.releaseLock();
  assertEquals(await messages.receive(), "one");
  assertEquals(await messages.receive(), "two");
});

Deno.test("FramedConnection.readable rejects receive() while its own reader waits", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  const reading = messages.readable.getReader().read();
  await settle();
  await assertRejects(() => messages.receive(), InvalidStateError, "already waiting");
  peer.writer.write("one\n");
  assertEquals((await reading).value, "one");
});

Deno.test("FramedConnection.readable fails on a bad message, and cancelling it drops the rest", async () => {
  const { pair, messages, peer } = await lines();
  await using _ = pair;
  peer.writer.write("much too long\n");
  await assertRejects(() => messages.readable.getReader().read(), FrameTooLongError);
  const other = await lines();
  await using _other = other.pair;
  other.peer.writer.write("one\ntwo\n");
  for await (const line of other.messages.readable) {
    assertEquals(line, "one");
    break;
  }
  assertEquals(other.peer.transport.isClosing(), false);
});

Deno.test("FramedConnection.writable fails when the connection is lost, and aborts it when aborted", async () => {
  const { pair, messages } = await lines();
  await using _ = pair;
  const writer = messages.writable.getWriter();
  pair.a.transport.abort();
  await assertRejects(() => writer.closed, ConnectionLostError);
  const other = await lines();
  await using _other = other.pair;
  await other.messages.writable.abort(new TypeError("Enough"));
  assertEquals((await other.messages.connection.closed).error?.message, "Enough");
});

Deno.test("FramedConnection loses no message under random splits, aborts and changes of API", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const sent = Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(random.below(9), "."));
    await using pair = await connectPair();
    const messages = framed(pair.a, lineCodec());
    const bytes = encode(sent.map((line) => `${line}\n`).join(""));
    const feeding = (async () => {
      for (const piece of random.split(bytes, 1, random.pick(3, 20, 300))) {
        pair.b.writer.write(piece.slice());
        if (random.below(3) === 0) await Promise.resolve();
      }
      pair.b.writer.writeEof();
    })();
    const seen: string[] = [];
    for (let isOver = false; !isOver;) isOver = await receiveSome(messages, random, seen);
    assertEquals(seen, sent, `seed ${seed}`);
    await feeding;
  }
});

/** Receives one message or a few, one way or another; says whether the end has come. */
async function receiveSome(
  messages: FramedConnection<string>,
  random: Random,
  seen: string[],
): Promise<boolean> {
  const choice = random.below(4);
  if (choice === 0) {
    const cancel = new AbortController();
    const received = messages.receive({ signal: cancel.signal });
    for (let i = random.below(4); i > 0; i--) await Promise.resolve();
    cancel.abort();
    const message = await received.catch(() => null);
    if (message) seen.push(message);
    return message === undefined;
  }
  if (choice === 1) {
    const reader = messages.readable.getReader();
    const read = reader.read();
    for (let i = random.below(4); i > 0; i--) await Promise.resolve();
    reader.releaseLock();
    const { value, done } = await read.catch(() => ({ value: undefined, done: false }));
    if (value !== undefined) seen.push(value);
    return done;
  }
  if (choice === 2) {
    for await (const message of messages) {
      seen.push(message);
      if (random.below(3) === 0) return false;
    }
    return true;
  }
  const message = await messages.receive();
  if (message !== undefined) seen.push(message);
  return message === undefined;
}
