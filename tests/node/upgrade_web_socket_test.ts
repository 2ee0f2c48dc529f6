import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CarrierMessageError, WebSocketClosedError } from "../../protocols/errors.ts";
import { HttpService, serveHttp } from "../../node/mod.ts";
import { openConnection } from "../../streams/open_connection.ts";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import { connectWebSocket } from "../../transports/carriers/connect_web_socket.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import type { Server } from "../../transports/servers/server.ts";
import { decode } from "../support/text.ts";

/** Serves each WebSocket by a function. */
function serveSockets(serve: (connection: StreamConnection) => unknown): Promise<Server> {
  return serveHttp((request, info) => {
    const protocol = request.headers.get("sec-websocket-protocol")?.split(", ")[0];
    const { response, connection } = info.upgradeWebSocket(
      protocol === undefined ? {} : { protocol },
    );
    void connection.then(serve);
    return response;
  }, { port: 0 });
}

const HANDSHAKE: readonly string[] = [
  "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n",
  "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
];

/** A client that sends frames as it likes, after its handshake. */
async function rawClient(server: Server, ...frames: Uint8Array[]): Promise<StreamConnection> {
  const client = await openConnection({ port: server.port });
  client.writer.writelines([...HANDSHAKE, ...frames]);
  const head = decode(await client.reader.readuntil("\r\n\r\n")).toLowerCase();
  // The example of RFC 6455, 1.3.
  assert(head.includes("s3pplmbitxaq9kygzzhzrbk+xoo="));
  return client;
}

/** A masked frame; `first` is its first byte. */
function frame(first: number, payload: string | Uint8Array = ""): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const mask = [1, 2, 3, 4];
  const length = bytes.length < 126
    ? [bytes.length]
    : bytes.length < 65_536
    ? [126, bytes.length >> 8, bytes.length & 255]
    : [127, 0, 0, 0, 0, 0, bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255];
  return Uint8Array.from([
    first,
    0x80 | (length[0] ?? 0),
    ...length.slice(1),
    ...mask,
    ...bytes.map((byte, index) => byte ^ (mask[index & 3] ?? 0)),
  ]);
}

Deno.test("upgradeWebSocket() gives a connection to the WebSocket of Deno, in both directions", async () => {
  await using server = await serveSockets(async ({ reader, writer, transport }) => {
    assertEquals(transport.getExtraInfo("subprotocol"), "bytes");
    assertEquals(transport.getExtraInfo("peername")?.transport, "tcp");
    for (let n = 0; n < 2_000_000;) {
      const chunk = await reader.read(65_536);
      n += chunk.length;
      writer.write(chunk);
      await writer.drain();
    }
    writer.close();
  });
  const { transport, protocol } = await connectWebSocket(
    () => new RecordingProtocol(),
    `ws://127.0.0.1:${server.port}`,
    { subprotocols: ["bytes"] },
  );
  const sent = new Uint8Array(2_000_000).map((_, index) => index % 251);
  transport.write(sent);
  const { endedBy, error } = await transport.closed;
  assertEquals([endedBy, error], ["peer", null]);
  assertEquals(protocol.received, sent);
});

Deno.test("upgradeWebSocket() reads messages in parts, pings in between, and early ones", async () => {
  await using server = await serveSockets(async ({ reader, writer }) => {
    writer.write(await reader.readexactly(70_011));
    writer.close();
  });
  const large = new Uint8Array(70_000).fill(7);
  const client = await rawClient(
    server,
    frame(0x02, "hello"),
    frame(0x89, "ping"),
    frame(0x80, " there"),
    frame(0x82, large),
  );
  assertEquals([...await client.reader.readexactly(6)], [0x8a, 4, 112, 105, 110, 103]);
  // Messages of at most 64 KiB.
  assertEquals([...await client.reader.readexactly(10)].slice(0, 2), [0x82, 127]);
  assertEquals(decode(await client.reader.readexactly(11)), "hello there");
  await client.reader.readexactly(65_536 - 11);
  assertEquals([...await client.reader.readexactly(4)].slice(0, 2), [0x82, 126]);
  await client.reader.readexactly(70_011 - 65_536);
  assertEquals([...await client.reader.readexactly(4)], [0x88, 2, 1000 >> 8, 1000 & 255]);
  client.writer.write(frame(0x88, Uint8Array.of(1000 >> 8, 1000 & 255)));
  assertEquals((await client.reader.read()).length, 0);
  await client.close();
});

Deno.test("upgradeWebSocket() refuses frames that break the protocol, with a code", async () => {
  const bad: [string, Uint8Array][] = [
    ["is text", frame(0x81, "text")],
    ["extension", frame(0xc2, "x")],
    ["not masked", Uint8Array.of(0x82, 1, 65)],
    ["kind 3", frame(0x83)],
    ["in parts, or too long", frame(0x09)],
    ["in parts, or too long", frame(0x89, new Uint8Array(126))],
    ["did not begin", frame(0x80, "x")],
    ["negative", Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)],
    ["no code", frame(0x88, Uint8Array.of(3))],
    ["no code", frame(0x88, Uint8Array.of(1005 >> 8, 1005 & 255))],
    ["no code", frame(0x88, Uint8Array.of(0, 1))],
    ["not UTF-8", frame(0x88, Uint8Array.of(1000 >> 8, 1000 & 255, 0xff))],
  ];
  for (const [reason, bytes] of bad) {
    // Of RFC 6455, 7.4.1; what comes after the fault means nothing.
    const code = reason === "is text" ? 1003 : reason === "not UTF-8" ? 1007 : 1002;
    const failure = Promise.withResolvers<unknown>();
    await using server = await serveSockets(({ reader }) => {
      failure.resolve(reader.read().catch((error) => error));
    });
    const client = await rawClient(server, bytes, frame(0x82, "more"));
    const error = await failure.promise;
    assertInstanceOf(error, CarrierMessageError, reason);
    assert(error.message.includes(reason), error.message);
    assertEquals([...await client.reader.read()].slice(0, 4), [0x88, 2, code >> 8, code & 255]);
    await client.close();
  }
});

Deno.test("A closed WebSocket ends the data, a lost one is a failure", async () => {
  const ends: [Uint8Array, number | null][] = [
    [frame(0x88), null],
    // After the end, nothing counts.
    [Uint8Array.of(...frame(0x88), ...frame(0x82, "late"), 0xff, 0xff), null],
    [frame(0x88, Uint8Array.of(1001 >> 8, 1001 & 255)), null],
    [frame(0x88, Uint8Array.of(4000 >> 8, 4000 & 255, 98, 121, 101)), 4000],
    [new Uint8Array(0), 1006],
  ];
  for (const [bytes, code] of ends) {
    const ended = Promise.withResolvers<unknown>();
    await using server = await serveSockets(async ({ reader, writer }) => {
      ended.resolve(await reader.read().catch((error) => error));
      writer.close();
    });
    const client = await rawClient(server, frame(0x82, "data"), bytes);
    if (code === 1006) client.writer.writeEof();
    const outcome = await ended.promise;
    if (code === null) assertEquals(outcome, new TextEncoder().encode("data"));
    else {
      assertInstanceOf(outcome, WebSocketClosedError);
      assertEquals([outcome.code, outcome.reason], [code, code === 4000 ? "bye" : ""]);
    }
    await client.close();
  }
});

Deno.test("upgradeWebSocket() makes a client wait while nothing reads", async () => {
  const got = Promise.withResolvers<StreamConnection>();
  const service = new HttpService((_request, info) => {
    const { response, connection } = info.upgradeWebSocket();
    got.resolve(connection);
    return response;
  });
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const served = service.serve(b.transport);
  a.transport.writelines([...HANDSHAKE, frame(0x82, new Uint8Array(1_000_000))]);
  const { reader, transport } = await got.promise;
  transport.pauseReading();
  for (let i = 0; i < 20; i++) await turns();
  assert(a.transport.getWriteBufferSize() > 500_000, `${a.transport.getWriteBufferSize()} wait`);
  transport.resumeReading();
  await reader.readexactly(1_000_000);
  a.transport.abort();
  await Promise.all([transport.closed, served]);
});

Deno.test("upgradeWebSocket() throws for a request that is not a WebSocket handshake", async () => {
  const errors: string[] = [];
  await using server = await serveHttp((_request, info) => info.upgradeWebSocket().response, {
    port: 0,
    onError: (error) => errors.push(error.message),
  });
  const client = await openConnection({ port: server.port });
  client.writer.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
  assertEquals(decode(await client.reader.read()).slice(9, 12), "500");
  assert(errors[0]?.includes("version 13"));
  await client.close();
});

Deno.test("A write to a WebSocket fails when its client is gone, although nothing reads", async () => {
  const failed = Promise.withResolvers<unknown>();
  await using server = await serveSockets(async ({ writer, transport }) => {
    const drained = (async () => {
      for (;;) {
        writer.write(new Uint8Array(1_000_000));
        await writer.drain();
      }
    })();
    failed.resolve(await drained.catch((error) => error));
    transport.abort();
  });
  const client = await rawClient(server, frame(0x82, new Uint8Array(5_000_000)));
  await client.reader.readexactly(1000);
  client.transport.abort();
  assertInstanceOf(await failed.promise, Error);
});
