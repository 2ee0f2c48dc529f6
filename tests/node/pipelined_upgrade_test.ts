/**
 * Requests that change the protocol, or ask for it, after others that are not answered yet
 * (RFC 9112, 9.3.2: answers come in the order of the requests).
 */
import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { HttpConnection } from "../../node/http/_http_connection.ts";
import type { FetchHandler } from "../../node/mod.ts";
import { LiveNodeStream } from "../../node/streams/live_node_stream.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { HttpClient as Client } from "../support/peers/http_client.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";

const UPGRADE = ["connection: upgrade", "upgrade: echo"];

/** Answers the first request when it is told to, and upgrades others to an echo. */
function heldBack(): { handler: FetchHandler; asked: Promise<void>; release: () => void } {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const handler: FetchHandler = async ({ url }, info) => {
    if (url.endsWith("/upgrade")) {
      const { response, connection } = info.upgrade();
      void connection.then(async ({ reader, writer }) => {
        writer.write(await reader.read());
        writer.writeEof();
      });
      return response;
    }
    asked.resolve();
    await released.promise;
    return new Response(new URL(url).pathname);
  };
  return { handler, asked: asked.promise, release: released.resolve };
}

Deno.test("info.upgrade() is answered after the requests before it, and has the bytes after it", async () => {
  const { handler, asked, release } = heldBack();
  await using client = await Client.of(handler);
  const { writer } = client.connection;
  client.send("GET /1 HTTP/1.1");
  client.send("GET /2 HTTP/1.1");
  client.send("GET /upgrade HTTP/1.1", ...UPGRADE);
  writer.write("at once, ");
  await asked;
  await turns();
  writer.write("later");
  await turns();
  release();
  assertEquals([await client.answer(), await client.answer()], ["200 /1", "200 /2"]);
  assert((await client.head()).startsWith("http/1.1 101"));
  writer.writeEof();
  assertEquals(await client.rest(), "at once, later");
});

Deno.test("A client that leaves before the answer to an upgrade leaves nothing behind", async () => {
  const { handler, asked, release } = heldBack();
  await using client = await Client.of(handler);
  client.send("GET /1 HTTP/1.1");
  client.send("GET /upgrade HTTP/1.1", ...UPGRADE);
  await asked;
  client.connection.transport.abort();
  release();
  await client.served;
});

Deno.test("An upgrade of a server of node:http comes after the answers to the requests before it", async () => {
  const answer = Promise.withResolvers<() => void>();
  const server = createServer((_request, response) => answer.resolve(() => response.end("first")));
  server.on("upgrade", (_request, socket) => {
    socket.resume().end("HTTP/1.1 101 Switching Protocols\r\n\r\nsecond");
  });
  await using client = await Client.of(server);
  client.send("GET /1 HTTP/1.1");
  client.send("GET /upgrade HTTP/1.1", ...UPGRADE);
  const end = await answer.promise;
  await turns();
  end();
  assertEquals(await client.answer(), "200 first");
  assertEquals(await client.rest(), "HTTP/1.1 101 Switching Protocols\r\n\r\nsecond");
});

Deno.test("CONNECT is answered with 501, after the requests before it", async () => {
  const { handler, release } = heldBack();
  await using client = await Client.of(handler);
  client.send("GET /1 HTTP/1.1");
  client.send("CONNECT other.example:80 HTTP/1.1");
  release();
  assertEquals(await client.answer(), "200 /1");
  assert((await client.rest()).startsWith("HTTP/1.1 501 Not Implemented\r\n"));
});

Deno.test("What comes after a refused request is not parsed any more", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const stream = new LiveNodeStream(true);
  stream.begin((protocol) => {
    b.transport.setProtocol(protocol);
    return b.transport;
  });
  const times = { headersTimeout: 1e6, requestTimeout: 1e6, keepAliveTimeout: 1e6 };
  const connection = new HttpConnection(stream, times);
  let parsed = "";
  stream.on("data", (chunk) => parsed += chunk);
  a.transport.write("fault");
  await turns();
  connection.refuse(400);
  a.transport.write("more of it");
  await turns();
  assertEquals(parsed, "fault");
  a.transport.abort();
  await b.transport.closed;
});

Deno.test("Kludex/uvicorn#3107: no timeout of HTTP ends a connection that was upgraded after a request", async () => {
  using clock = new ReplacedClock();
  const { handler, release } = heldBack();
  release();
  await using client = await Client.of(handler, { keepAliveTimeout: 10, requestTimeout: 20 });
  client.send("GET /1 HTTP/1.1");
  client.send("GET /upgrade HTTP/1.1", ...UPGRADE);
  assertEquals(await client.answer(), "200 /1");
  assert((await client.head()).startsWith("http/1.1 101"));
  clock.advance(60_000);
  client.connection.writer.write("still there");
  client.connection.writer.writeEof();
  assertEquals(await client.rest(), "still there");
});

Deno.test("oven-sh/bun#33005, cesanta/mongoose#2592: what follows a last request has no effect on its answer", async () => {
  for (
    const next of [
      "GET /2 HTTP/1.1\r\nhost: x\r\n\r\n",
      "Invalid\r\n\r\n",
      "CONNECT x:1 HTTP/1.1\r\n\r\n",
    ]
  ) {
    const { handler, asked, release } = heldBack();
    await using client = await Client.of(handler);
    client.send("GET /1 HTTP/1.1", "connection: close");
    client.connection.writer.write(next);
    await asked;
    await turns();
    release();
    assertEquals(await client.answer(), "200 /1", next);
    assertEquals(await client.rest(), "", next);
  }
});
