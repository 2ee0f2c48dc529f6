/**
 * Faults of others that were reported in public, each as a small program that must go well here.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, request } from "node:http";
import { connect as connectTls } from "node:tls";
import { text } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import { connectNodeStream, type NodeStream, serveHttp, toNodeStream } from "../../node/mod.ts";
import type { Transport } from "../../protocols/contract.ts";
import { openConnection } from "../../streams/open_connection.ts";
import { startServer } from "../../streams/servers/start_server.ts";
import { StreamConnection } from "../../streams/stream_connection.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { ca, localhost } from "../support/certificates/certificates.ts";

/** A stream, and the connection at the other end of it. */
async function pair(options?: { allowHalfOpen: boolean }): Promise<[NodeStream, StreamConnection]> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  return [toNodeStream(a.transport, options), StreamConnection.over(b.transport)];
}

/** Resolves when a stream has closed, well or not. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => void stream.on("error", () => {}).once("close", resolve));
}

Deno.test("A driver may listen for connect after it has called connect()", async () => {
  // node-postgres#2348, #3195; ioredis#998: the event of a connected stream came too early.
  const [stream, peer] = await pair();
  stream.connect(5432, "db.test");
  await once(stream, "connect");
  peer.transport.abort();
  await closed(stream.resume());
});

Deno.test("Methods of a socket that drivers call without a check exist", async () => {
  // node-postgres#2896, #2503: "setNoDelay is not a function" of a stream through a proxy.
  const [stream, peer] = await pair();
  const same = stream.setNoDelay().setKeepAlive(true, 1000).setTimeout(0).ref().unref().connect();
  assert(same === stream);
  peer.transport.abort();
  await closed(stream.resume());
});

Deno.test("A stream that is not connected yet may be written", async () => {
  // porsager/postgres#1070: ERR_SOCKET_CLOSED from a socket that was to be connected later.
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const stream = toNodeStream(turns().then(() => a.transport));
  await new Promise<void>((resolve) => void stream.write("startup", () => resolve()));
  await b.protocol.untilReceived(7);
  assertEquals(b.protocol.receivedText, "startup");
  stream.destroy();
  await closed(stream);
});

Deno.test("A stream that is ended before it connects closes", async () => {
  // node#21268: no close after end() before the connection was there.
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const stream = toNodeStream(turns().then(() => a.transport));
  const ended = closed(stream);
  stream.resume().end();
  await ended;
  await b.transport.closed;
});

Deno.test("A half-open stream closes when its connection is lost", async () => {
  // bare-net, hyperswarm-secret-stream#49: with allowHalfOpen the loss was an end, without close.
  const [stream, peer] = await pair({ allowHalfOpen: true });
  const ended = closed(stream);
  stream.resume();
  peer.transport.abort();
  await peer.closed;
  stream.write("to no one");
  stream.end();
  await ended;
});

Deno.test("A half-open stream answers after it was read to its end", async () => {
  // node#49073: the loop over what a client sent destroyed the socket before the answer.
  const [stream, peer] = await pair({ allowHalfOpen: true });
  peer.writer.write("question");
  peer.writer.writeEof();
  const chunks: string[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(String(chunk));
  }
  stream.end(`answer to ${chunks.join("")}`);
  assertEquals(new TextDecoder().decode(await peer.reader.read()), "answer to question");
  await peer.close();
});

Deno.test("A server's greeting is kept for a library that begins to listen late", async () => {
  // nodemailer#1684: the greeting came before the library had its listener, and was lost.
  const [stream, peer] = await pair();
  peer.writer.write("220 ready");
  await peer.writer.flush();
  await turns();
  stream.on("data", () => {});
  assertEquals(String((await once(stream, "data"))[0]), "220 ready");
  stream.destroy();
  await closed(stream);
});

Deno.test("A server that disconnects at any byte of an exchange closes the stream once, and settles every write", async () => {
  // mysql2#731: a client that hung for ever when the connection broke at the wrong moment.
  for (let bytes = 0; bytes < 12; bytes++) {
    const [stream, peer] = await pair();
    const events: string[] = [];
    for (const name of ["error", "close"]) stream.on(name, () => void events.push(name));
    const told = [1, 2, 3].map((n) =>
      new Promise<void>((resolve) => void stream.write(`${n}`.repeat(4), () => resolve()))
    );
    const gone = new Promise<void>((resolve) => void stream.once("close", resolve));
    stream.resume();
    await peer.reader.readexactly(bytes);
    peer.transport.abort(new Error("restart"));
    await Promise.all([...told, gone]);
    assertEquals(events.filter((name) => name === "close").length, 1);
    assert(events.length <= 2);
  }
});

Deno.test("An agent makes a connection for each request where the server keeps none", async () => {
  // nodejs/help#4149: with "Connection: close" from the server the agent did nothing more.
  await using server = await serveHttp(
    () => new Response("x", { headers: { connection: "close" } }),
    { port: 0 },
  );
  let connections = 0;
  class OurAgent extends Agent {
    override createConnection(): Duplex {
      connections++;
      return toNodeStream(openConnection({ port: server.port }));
    }
  }
  const agent = new OurAgent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 3; i++) {
    const answer = Promise.withResolvers<IncomingMessage>();
    get("http://test.example/", { agent }, answer.resolve).on("error", answer.reject);
    assertEquals(await text(await answer.promise), "x");
  }
  assertEquals(connections, 3);
  agent.destroy();
});

Deno.test("Bytes that come with the answer to an upgrade are not lost", async () => {
  // nestjs-api-gateway#36, esp-protocols#396: the first frame was in the head, which was dropped.
  await using server = await serveHttp((_request, info) => {
    const { response, connection } = info.upgrade();
    void connection.then(({ writer }) => {
      writer.write("first frame");
      writer.close();
    });
    return response;
  }, { port: 0 });
  const stream = toNodeStream(await openConnection({ port: server.port }));
  const asking = request({
    createConnection: () => stream,
    headers: { connection: "upgrade", upgrade: "frames" },
  });
  asking.end();
  const [, socket, head]: [unknown, Duplex, Uint8Array] = await once(asking, "upgrade") as never;
  socket.unshift(head);
  const { transport } = await connectNodeStream(() => ({}), socket);
  const { reader, writer } = StreamConnection.over(transport);
  assertEquals(new TextDecoder().decode(await reader.read()), "first frame");
  writer.close();
  await writer.waitClosed();
});

Deno.test("A client that never sends a request does not delay the shutdown", async () => {
  // node#63452, node#2642: idle connections, and those before their first request, stayed open.
  const server = await serveHttp(() => new Response("x"), { port: 0 });
  const silent = await openConnection({ port: server.port });
  const begun = await openConnection({ port: server.port });
  begun.writer.write("GET / HTT");
  await begun.writer.flush();
  const report = server.shutdown({ grace: Infinity });
  assertEquals([(await silent.reader.read()).length, (await begun.reader.read()).length], [0, 0]);
  assertEquals((await report).aborted, 0);
  await Promise.all([silent.close(), begun.close()]);
});

Deno.test("node:tls runs over a stream, and its end reaches the other end", async () => {
  // bun#39066: TLS over a wrapped socket ended both directions, or none.
  await using server = await startServer(async ({ reader, writer }) => {
    writer.write(await reader.read());
  }, { port: 0, tls: localhost });
  const stream = toNodeStream(await openConnection({ port: server.port }), { allowHalfOpen: true });
  const secured = connectTls({ socket: stream, ca, servername: "localhost" });
  await once(secured, "secureConnect");
  secured.end("all of it");
  assertEquals(await text(secured), "all of it");
});

Deno.test("A socket whose connect is aborted is destroyed", async () => {
  // undici#5709: a time-out rejected the promise and left the socket open.
  const [stream] = await pair();
  const waiting: Duplex = Object.assign(stream, {});
  Object.defineProperty(waiting, "connecting", { value: true });
  const gone = closed(waiting);
  const connecting = connectNodeStream(() => ({}), waiting, { connectTimeout: 1 });
  assertEquals(await connecting.then(() => "connected", ({ name }) => name), "ConnectTimeoutError");
  await gone;
});

Deno.test("A stream of a promise of the wrong kind fails as a stream does", async () => {
  // Not by an unhandled rejection, which would end the program.
  const stream = toNodeStream(Promise.resolve({} as Transport));
  const [error] = await once(stream, "error");
  assert(error instanceof TypeError);
});

Deno.test("What was written before destroy() leaves, as of a socket", async () => {
  // commandcode-proxy#7: an answer that was followed by destroy() was a bare end, or a reset.
  const app = createServer((message, answer) => {
    answer.writeHead(413).end("too large");
    message.destroy();
  });
  await using server = await serveHttp(app, { port: 0 });
  await using client = await openConnection({ port: server.port });
  client.writer.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
  const answer = new TextDecoder().decode(await client.reader.read());
  assert(answer.startsWith("HTTP/1.1 413") && answer.includes("too large"), answer);
});
