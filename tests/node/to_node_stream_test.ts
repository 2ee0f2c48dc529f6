import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { type NodeStream, toNodeStream } from "../../node/mod.ts";
import { openConnection } from "../../streams/open_connection.ts";
import { startServer } from "../../streams/servers/start_server.ts";
import { StreamConnection } from "../../streams/stream_connection.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import type { Transport } from "../../protocols/contract.ts";
import { createServer } from "../../transports/create_server.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { localhost, trusting } from "../support/certificates/certificates.ts";
import { connectPair } from "../support/pairs/stream_pair.ts";

/** A stream over one end of a pair, and the other end. */
async function streamAndPeer(
  { keepsOpen = false, ...options }: { allowHalfOpen?: boolean; keepsOpen?: boolean } = {},
): Promise<{ stream: NodeStream; peer: Transport; protocol: RecordingProtocol; below: Transport }> {
  const [a, b] = await memoryTransportPair(
    () => ({}),
    () => new RecordingProtocol({ eofReceived: () => keepsOpen }),
  );
  return {
    stream: toNodeStream(a.transport, options),
    peer: b.transport,
    protocol: b.protocol,
    below: a.transport,
  };
}

/** The events of a stream, in their order; complete when it has closed. */
async function eventsOf(stream: NodeStream): Promise<string[]> {
  const events: string[] = [];
  for (const name of ["connect", "ready", "end", "finish", "timeout"]) {
    stream.on(name, () => void events.push(name));
  }
  stream.on("error", (error) => void events.push(`error: ${error.message}`));
  await new Promise((resolve) => void stream.on("close", resolve));
  return [...events, "close"];
}

Deno.test("toNodeStream() refuses an argument that is not a connection", () => {
  for (const source of [null, 1, {}, { transport: {} }, { setProtocol: () => {} }]) {
    assertThrows(() => toNodeStream(source as unknown as Transport), TypeError, "is no connection");
  }
  assertThrows(
    () => toNodeStream({} as Transport, { allowHalfOpen: 1 } as never),
    TypeError,
    "neither true nor false",
  );
});

Deno.test("toNodeStream() gives the bytes that were received and not read, and the rest", async () => {
  await using pair = await connectPair();
  pair.b.writer.write("line\nunread ");
  assertEquals(new TextDecoder().decode(await pair.a.reader.readline()), "line\n");
  const stream = toNodeStream(pair.a);
  pair.b.writer.write("and later");
  pair.b.writer.writeEof();
  assertEquals(await text(stream), "unread and later");
});

Deno.test("A stream ends itself after the peer, as net.Socket does, and closes the connection", async () => {
  const { stream, peer, below } = await streamAndPeer();
  const events = eventsOf(stream);
  stream.resume();
  peer.writeEof();
  assertEquals(await events, ["end", "finish", "close"]);
  assertEquals((await below.closed).error, null);
  await peer.closed;
});

Deno.test("A stream with allowHalfOpen can be written after the peer's end", async () => {
  const { stream, peer, protocol } = await streamAndPeer({ allowHalfOpen: true, keepsOpen: true });
  peer.writeEof();
  stream.resume();
  await once(stream, "end");
  assertEquals(stream.readyState, "writeOnly");
  stream.end("the answer");
  await protocol.untilReceived(10);
  await once(stream, "close");
  assertEquals(protocol.receivedText, "the answer");
  peer.close();
  await peer.closed;
});

Deno.test("end() ends one direction; the stream reads on", async () => {
  const { stream, peer, protocol } = await streamAndPeer({ keepsOpen: true });
  stream.end("question");
  await protocol.untilReceived(8);
  await turns();
  assertEquals(stream.readyState, "readOnly");
  peer.write("answer");
  peer.close();
  assertEquals(await text(stream), "answer");
});

Deno.test("A stream reads from its connection only while it is read", async () => {
  const { stream, peer } = await streamAndPeer();
  peer.setWriteBufferLimits({ high: 0 });
  const sent = new Uint8Array(1_000_000).map((_, index) => index % 251);
  peer.write(sent);
  await turns();
  assert(peer.getWriteBufferSize() > 300_000, `${peer.getWriteBufferSize()} wait`);
  peer.close();
  assertEquals(new Uint8Array(await buffer(stream)), sent);
});

Deno.test("A write is done when it has left; write() tells when to wait", async () => {
  const { stream, peer, protocol } = await streamAndPeer();
  peer.pauseReading();
  const done: number[] = [];
  const chunk = new Uint8Array(200_000);
  assertEquals(stream.write(chunk, () => done.push(1)), false);
  stream.write(chunk, () => done.push(2));
  await turns();
  assertEquals([done, stream.bytesWritten], [[], 400_000]);
  peer.resumeReading();
  await once(stream, "drain");
  assertEquals(done, [1, 2]);
  await protocol.untilReceived(400_000);
  stream.destroy();
  await once(stream, "close");
});

Deno.test("A chunk may be used again as soon as its write is done", async () => {
  const { stream, protocol } = await streamAndPeer();
  const chunk = new Uint8Array(50_000);
  for (let value = 1; value <= 3; value++) {
    chunk.fill(value);
    await new Promise((resolve) => void stream.write(chunk, resolve));
  }
  stream.end();
  await protocol.untilReceived(150_000);
  const received = protocol.received;
  assertEquals([received[49_999], received[50_000], received[149_999]], [1, 2, 3]);
  stream.destroy();
});

Deno.test("An error of the connection is emitted once, then close", async () => {
  const { stream, below } = await streamAndPeer();
  const events = eventsOf(stream);
  stream.write(new Uint8Array(1_000_000));
  below.abort(new Error("broken"));
  assertEquals(await events, ["error: broken", "close"]);
  stream.destroy(new Error("later"));
});

Deno.test("destroy(error) aborts the connection with the error and emits that", async () => {
  const { stream, peer, below } = await streamAndPeer();
  const events = eventsOf(stream);
  const reason = new Error("enough");
  stream.destroy(reason);
  assertEquals(await events, ["error: enough", "close"]);
  assertStrictEquals((await below.closed).error, reason);
  await peer.closed;
});

Deno.test("destroySoon() sends the rest and then closes, even if the peer does not", async () => {
  const { stream, peer, protocol } = await streamAndPeer({ keepsOpen: true });
  const events = eventsOf(stream);
  stream.write(new Uint8Array(500_000));
  stream.destroySoon();
  assertEquals(await events, ["finish", "close"]);
  await protocol.until("eofReceived");
  assertEquals(protocol.received.length, 500_000);
  peer.close();
  await peer.closed;
});

Deno.test("A connection that is closed below ends the stream after its bytes were read", async () => {
  const { stream, peer, below } = await streamAndPeer();
  const events = eventsOf(stream);
  peer.write("some");
  await once(stream, "readable");
  below.close();
  await below.closed;
  assertEquals(await text(stream), "some");
  assertEquals(await events, ["end", "close"]);
});

Deno.test("Data that the server sent before it closed is read although writing fails", async () => {
  await using server = await startServer(({ writer }) => {
    writer.write("too many connections");
  }, { port: 0 });
  const stream = toNodeStream(await openConnection({ port: server.port }));
  const said = text(stream).catch(() => "lost");
  await once(stream, "readable");
  assertEquals(await said, "too many connections");
});

Deno.test("toNodeStream() of a lost connection ends at once", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  a.transport.abort(new Error("gone"));
  await a.transport.closed;
  const events = await eventsOf(toNodeStream(a.transport));
  assertEquals(events, ["error: gone", "close"]);
  await b.transport.closed;
});

Deno.test("toNodeStream() of a connection whose writing has ended can be read only", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({ eofReceived: () => true }));
  a.transport.writeEof();
  const stream = toNodeStream(a.transport);
  b.transport.write("still");
  b.transport.close();
  assertEquals(stream.writable, false);
  assertEquals(await text(stream), "still");
});

Deno.test("toNodeStream() of a promise is connecting, keeps what is written, then connects", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const connecting = Promise.withResolvers<Transport>();
  const stream = toNodeStream(connecting.promise);
  const events = eventsOf(stream);
  assertEquals([stream.connecting, stream.readyState], [true, "opening"]);
  stream.connect(80, "unused");
  stream.setTimeout(60_000);
  stream.write("early");
  stream.end();
  stream.resume();
  connecting.resolve(a.transport);
  await b.protocol.until("eofReceived");
  assertEquals(await events, ["connect", "ready", "finish", "end", "close"]);
  assertEquals(b.protocol.receivedText, "early");
});

Deno.test("toNodeStream() of a promise that rejects emits its error", async () => {
  const stream = toNodeStream(Promise.reject(new Error("no way")));
  const told: string[] = [];
  for (let i = 0; i < 2; i++) stream.write("never sent", (error) => told.push(`${error?.message}`));
  assertEquals(await eventsOf(stream), ["error: no way", "close"]);
  assertEquals(told, ["no way", "no way"]);
  const wrong = toNodeStream(Promise.resolve(17 as unknown as Transport));
  assert((await eventsOf(wrong))[0]?.includes("17 is no connection"));
});

Deno.test("A stream destroyed while it connects closes at once, and its connection when it comes", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const connecting = Promise.withResolvers<Transport>();
  const stream = toNodeStream(connecting.promise);
  const events = eventsOf(stream);
  stream.destroy();
  assertEquals(await events, ["close"]);
  connecting.resolve(a.transport);
  assertEquals((await a.transport.closed).endedBy, "abort");
  await b.transport.closed;
  const failed = Promise.withResolvers<Transport>();
  const other = toNodeStream(failed.promise);
  other.destroy();
  failed.reject(new Error("unheard"));
  assertEquals(await eventsOf(other), ["close"]);
});

Deno.test("connect() of an open stream emits connect, for libraries that connect what they get", async () => {
  const { stream, peer } = await streamAndPeer();
  const events = eventsOf(stream);
  let isTold = false;
  assertStrictEquals(stream.connect(5432, "db.test", () => isTold = true), stream);
  await once(stream, "connect");
  assert(isTold);
  stream.destroy();
  assertEquals(await events, ["connect", "ready", "close"]);
  await peer.closed;
});

Deno.test("setTimeout() emits timeout when the stream is idle, and again; 0 turns it off", async () => {
  const { stream } = await streamAndPeer();
  let heard = 0;
  assertStrictEquals(stream.setTimeout(5, () => heard++), stream);
  await once(stream, "timeout");
  await once(stream, "timeout");
  // The listener that is given is for once, as in Node.
  assertEquals([heard, stream.timeout], [1, 5]);
  stream.setTimeout(0);
  assertEquals(stream.timeout, undefined);
  for (const wrong of [-1, NaN]) assertThrows(() => stream.setTimeout(wrong), RangeError);
  assertThrows(() => stream.setTimeout("1" as unknown as number), TypeError);
  assertThrows(() => stream.setTimeout(1, 1 as unknown as () => void), TypeError);
  stream.setTimeout(60_000).destroy();
  await once(stream, "close");
});

Deno.test("A stream over TCP has addresses, and sets options of the socket", async () => {
  const server = await createServer(() => new RecordingProtocol(), { port: 0 });
  const stream = toNodeStream(await openConnection({ port: server.port }));
  assertStrictEquals(stream.setNoDelay(true).setKeepAlive(true, 1000).unref().ref(), stream);
  assertEquals([stream.remoteAddress, stream.remotePort, stream.remoteFamily], [
    "127.0.0.1",
    server.port,
    "IPv4",
  ]);
  assertEquals(stream.address(), {
    address: "127.0.0.1",
    family: "IPv4",
    port: stream.localPort ?? 0,
  });
  // Not `false`, which to servers of HTTP/2 is TLS that agreed on nothing.
  assertEquals([stream.encrypted, stream.alpnProtocol], [false, undefined]);
  assertEquals(stream.getCipher(), {});
  stream.destroy();
  await once(stream, "close");
  assertEquals(stream.readyState, "closed");
  await server.shutdown();
});

Deno.test("A stream over TLS has the facts of a TLSSocket", async () => {
  await using server = await startServer(({ reader }) => reader.read(), {
    port: 0,
    tls: { ...localhost, alpnProtocols: ["x"] },
  });
  const stream = toNodeStream(
    await openConnection({
      hostname: "localhost",
      port: server.port,
      tls: { ...trusting, alpnProtocols: ["x"], engine: "layer" },
    }),
  );
  assertEquals([stream.encrypted, stream.authorized, stream.authorizationError], [
    true,
    true,
    null,
  ]);
  assertEquals([stream.alpnProtocol, stream.getProtocol()], ["x", "TLSv1.3"]);
  assert(stream.getCipher().name);
  assert(stream.getPeerCertificate().raw.length > 0);
  stream.destroySoon();
  stream.resume();
  await once(stream, "close");
});

Deno.test("A stream is again a connection: StreamConnection.over its peer talks to it", async () => {
  const { stream, peer } = await streamAndPeer();
  const other = StreamConnection.over(peer);
  stream.write("hello\n");
  assertEquals(new TextDecoder().decode(await other.reader.readline()), "hello\n");
  stream.destroy();
  await assertRejects(() => other.reader.readexactly(1));
});

Deno.test("A write fails when the peer is gone, although the stream is not read", async () => {
  for (const lastWords of ["", "last words"]) {
    const { stream, peer } = await streamAndPeer();
    peer.pauseReading();
    if (lastWords !== "") peer.write(lastWords);
    const written = Promise.withResolvers<unknown>();
    stream.write(new Uint8Array(1_000_000), written.resolve);
    const events = eventsOf(stream);
    await turns();
    peer.abort();
    assertEquals((await events).map((event) => event.replace(/:.*/, "")), ["error", "close"]);
    assert(await written.promise instanceof Error);
  }
});
