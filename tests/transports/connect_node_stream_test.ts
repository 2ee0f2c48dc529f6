import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { once } from "node:events";
import { connect, createServer as createNodeServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { ca, localhost, trusting } from "../support/certificates/certificates.ts";
import { Duplex, duplexPair, PassThrough, Readable } from "node:stream";
import {
  CarrierMessageError,
  ConnectTimeoutError,
  InvalidStateError,
  ReceiveBufferFullError,
} from "../../protocols/errors.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { createServer } from "../../transports/create_server.ts";
import { connectNodeStream } from "../../transports/connect_node_stream.ts";
import { turns } from "../../testing/conformance/scene.ts";

/** A Duplex whose behaviour is given; by default it takes what is written and gives nothing. */
function makeDuplex(options: ConstructorParameters<typeof Duplex>[0] = {}): Duplex {
  return new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done(), ...options });
}

/** Resolves when a stream is closed, by an error or not. */
function closedOf(duplex: Duplex): Promise<void> {
  return new Promise((resolve) => void duplex.on("error", () => {}).once("close", resolve));
}

Deno.test("connectNodeStream() refuses values that are not duplex streams of bytes", async () => {
  const text = new PassThrough();
  text.setEncoding("utf8");
  const cases: [unknown, RegExp][] = [
    [undefined, /duplex undefined is not a Duplex/],
    [new Readable({ read: () => {} }), /is not a Duplex/],
    [new PassThrough({ objectMode: true }), /objectMode/],
    [new PassThrough({ readableObjectMode: true }), /objectMode/],
    [text, /setEncoding\("utf8"\)/],
    [new TransformStream(), /is not a Duplex/],
  ];
  for (const [duplex, message] of cases) {
    await assertRejects(
      () => connectNodeStream(() => ({}), duplex as Duplex),
      TypeError,
      undefined,
      String(message),
    ).then((error) => assert(message.test(error.message), error.message));
  }
});

Deno.test("connectNodeStream() refuses a destroyed stream and names the reason", async () => {
  const cause = new Error("before");
  const duplex = makeDuplex();
  const closed = closedOf(duplex);
  duplex.destroy(cause);
  await closed;
  const error = await assertRejects(
    () => connectNodeStream(() => ({}), duplex),
    InvalidStateError,
    "is destroyed",
  );
  assertEquals(error.cause, cause);
});

Deno.test("connectNodeStream() destroys the stream when the factory throws", async () => {
  const duplex = makeDuplex();
  const closed = closedOf(duplex);
  await assertRejects(
    () =>
      connectNodeStream(() => {
        throw new Error("no protocol");
      }, duplex),
    Error,
    "no protocol",
  );
  await closed;
});

Deno.test("connectNodeStream() tells an error of the stream once, after the bytes before it", async () => {
  const duplex = makeDuplex();
  const { transport, protocol } = await connectNodeStream(() => new RecordingProtocol(), duplex);
  const failure = new Error("broken");
  duplex.push("last words");
  await protocol.untilReceived(10);
  // A stream of poor manners.
  duplex.once("close", () => duplex.emit("error", new Error("again")));
  duplex.destroy(failure);
  const { error, endedBy } = await transport.closed;
  assertEquals([error, endedBy], [failure, "error"]);
  duplex.emit("error", new Error("after all"));
  assertEquals(protocol.count("connectionLost"), 1);
  assertEquals(protocol.receivedText, "last words");
});

Deno.test("connectNodeStream() fails when the stream closes before its end", async () => {
  const duplex = makeDuplex();
  const { transport } = await connectNodeStream(() => ({}), duplex);
  duplex.destroy();
  assertInstanceOf((await transport.closed).error, Deno.errors.UnexpectedEof);
});

Deno.test("connectNodeStream() delivers an end that a stream emits twice once, and no data after it", async () => {
  const duplex = makeDuplex();
  const { transport, protocol } = await connectNodeStream(
    () => Object.assign(new RecordingProtocol(), { eofReceived: () => true }),
    duplex,
  );
  duplex.push("all");
  duplex.push(null);
  await once(duplex, "end");
  duplex.emit("end");
  duplex.emit("data", new Uint8Array(3));
  await turns();
  assertEquals(protocol.receivedText, "all");
  assert(!transport.isClosing());
  transport.close();
  assertEquals((await transport.closed).error, null);
});

Deno.test("connectNodeStream() ends the connection when a paused stream emits too much data", async () => {
  // A stream that knows no pause.
  const duplex = makeDuplex();
  const { transport } = await connectNodeStream(
    () => ({ connectionMade: (made) => made.pauseReading() }),
    duplex,
    { maxReadBuffer: 100_000 },
  );
  for (let i = 0; i < 4; i++) duplex.emit("data", new Uint8Array(30_000));
  transport.resumeReading();
  const { error, bytesRead } = await transport.closed;
  assertInstanceOf(error, ReceiveBufferFullError);
  assertEquals(bytesRead, 90_000);
});

Deno.test("connectNodeStream() pauses a stream while the protocol pauses", async () => {
  const [a, b] = duplexPair();
  const { transport, protocol } = await connectNodeStream(() => new RecordingProtocol(), a);
  transport.pauseReading();
  const chunk = new Uint8Array(16_384);
  for (let i = 0; i < 40; i++) b.write(chunk);
  await turns();
  assert(b.writableLength >= 20 * chunk.length, "all was taken");
  transport.resumeReading();
  b.resume().end();
  await transport.closed;
  assertEquals(protocol.received.length, 40 * chunk.length);
});

Deno.test("connectNodeStream() refuses chunks that are not bytes", async () => {
  const duplex = makeDuplex();
  const { transport } = await connectNodeStream(() => ({}), duplex);
  duplex.emit("data", { an: "object" });
  assertInstanceOf((await transport.closed).error, CarrierMessageError);
});

Deno.test("abort() ends a connection whose stream never takes what was written", async () => {
  const duplex = makeDuplex({ write: () => {} });
  const { transport } = await connectNodeStream(() => ({}), duplex);
  transport.write("x");
  transport.close();
  await turns();
  const closed = closedOf(duplex);
  transport.abort();
  assertEquals((await transport.closed).endedBy, "abort");
  await closed;
});

Deno.test("A callback that a stream calls twice counts once", async () => {
  const written: number[] = [];
  const duplex = makeDuplex({ read: () => void duplex.push(null) });
  duplex.write = ((chunk: Uint8Array, done: () => void) => {
    written.push(chunk.length);
    done();
    done();
    return true;
  }) as typeof duplex.write;
  const { transport } = await connectNodeStream(() => ({}), duplex);
  transport.write(new Uint8Array(300_000));
  transport.write("more");
  transport.close();
  const { bytesWritten } = await transport.closed;
  assertEquals(bytesWritten, 300_004);
  assertEquals(written.reduce((sum, one) => sum + one, 0), 300_004);
});

Deno.test("connectNodeStream() takes back bytes that were read before", async () => {
  const [a, b] = duplexPair();
  b.write("GET / rest");
  const [head] = await once(a, "data");
  a.pause();
  assertEquals(String(head), "GET / rest");
  a.unshift(head.subarray(6));
  const { transport, protocol } = await connectNodeStream(() => new RecordingProtocol(), a);
  b.resume().end(" and more");
  await transport.closed;
  assertEquals(protocol.receivedText, "rest and more");
});

Deno.test("connectNodeStream() waits for a socket, and rejects when it cannot connect", async () => {
  const server = await createServer(() => ({}), { port: 0 });
  const { port } = server;
  const { transport } = await connectNodeStream(() => ({}), connect(port, "127.0.0.1"));
  assertEquals(transport.getExtraInfo("peername"), {
    transport: "tcp",
    hostname: "127.0.0.1",
    port,
  });
  assertInstanceOf(transport.getExtraInfo("socket"), Duplex);
  transport.close();
  await transport.closed;
  await server.shutdown();
  await assertRejects(
    () => connectNodeStream(() => ({}), connect(port, "127.0.0.1")),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("connectNodeStream() waits for the handshake of node:tls and knows its facts", async () => {
  const server = await createServer(() => ({}), {
    port: 0,
    tls: { ...localhost, alpnProtocols: ["x"] },
  });
  const socket = connectTls({
    port: server.port,
    host: "127.0.0.1",
    ca,
    servername: "localhost",
    ALPNProtocols: ["x"],
  });
  const { transport } = await connectNodeStream(() => ({}), socket);
  assertEquals(transport.getExtraInfo("alpnProtocol"), "x");
  assertEquals(transport.getExtraInfo("authorized"), true);
  assertEquals(transport.getExtraInfo("tlsVersion"), "TLSv1.3");
  assertEquals(transport.getExtraInfo("peercert")?.subject.CN, "localhost");
  transport.close();
  await transport.closed;
  await server.shutdown();
});

Deno.test("connectNodeStream() encrypts a stream of another kind by the option tls", async () => {
  const [a, b] = duplexPair();
  const [client, server] = await Promise.all([
    connectNodeStream(() => new RecordingProtocol(), a, { tls: trusting }),
    connectNodeStream(
      () => ({ connectionMade: (made) => void made.write("secret") }),
      b,
      { tls: { ...localhost, serverSide: true } },
    ),
  ]);
  await client.protocol.untilReceived(6);
  assertEquals(client.transport.getExtraInfo("peercert")?.subject.CN, "localhost");
  client.transport.close();
  await Promise.all([client.transport.closed, server.transport.closed]);
});

Deno.test("connectNodeStream() rejects after connectTimeout, and when its signal aborts", async () => {
  const never = (): Duplex => Object.assign(makeDuplex(), { connecting: true });
  const late = never();
  const closed = closedOf(late);
  await assertRejects(
    () => connectNodeStream(() => ({}), late, { connectTimeout: 1 }),
    ConnectTimeoutError,
  );
  await closed;
  const reason = new Error("enough");
  const aborted = new AbortController();
  const connecting = connectNodeStream(() => ({}), never(), { signal: aborted.signal });
  aborted.abort(reason);
  assertEquals(await connecting.catch((error) => error), reason);
});

Deno.test("connectNodeStream() keeps a socket half open that Node would end", async () => {
  const node = createNodeServer((socket) => socket.end("their last words"));
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const address = node.address();
  assert(typeof address === "object" && address !== null);
  // By default allowHalfOpen is false.
  const { transport, protocol } = await connectNodeStream(
    () => Object.assign(new RecordingProtocol(), { eofReceived: () => true }),
    connect(address.port, "127.0.0.1"),
  );
  await protocol.untilReceived(16);
  await turns();
  assert(transport.canWriteEof());
  transport.write("still there");
  transport.close();
  const { bytesUnsent, error } = await transport.closed;
  assertEquals([bytesUnsent, error], [0, null]);
  node.close();
});
