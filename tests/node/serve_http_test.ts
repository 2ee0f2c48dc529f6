import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { once } from "node:events";
import { createServer as createNodeServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { LiveNodeStream } from "../../node/streams/live_node_stream.ts";
import { HttpService, serveHttp, toNodeStream } from "../../node/mod.ts";
import { openConnection } from "../../streams/open_connection.ts";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { proxyProtocol, sendProxyProtocol } from "../../transports/layers/proxy/proxy_protocol.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { socketPath } from "../support/places/socket_path.ts";
import { posixTest } from "../support/runs/posix_test.ts";
import { decode } from "../support/text.ts";
import { HttpClient as Client, type Options } from "../support/peers/http_client.ts";
import { ReplacedClock } from "../support/time/replaced_clock.ts";

Deno.test("HttpService rejects a handler that is not a function, and wrong options", () => {
  assertThrows(() => new HttpService("x" as never), TypeError, "neither a handler");
  assertThrows(() => new HttpService({} as never), TypeError, "neither a handler");
  const handler = () => new Response();
  assertThrows(() => new HttpService(handler, { headersTimeout: 0 }), RangeError, "headersTimeout");
  assertThrows(() => new HttpService(handler, { timeout: 1 } as never), TypeError, "timeout");
});

Deno.test("HttpService.serve() rejects an argument that is not a connection", async () => {
  const service = new HttpService(() => new Response());
  await assertRejects(() => service.serve({} as never), TypeError, "no connection");
});

Deno.test("serveHttp() answers over TCP, several requests on a connection", async () => {
  await using server = await serveHttp(async (request, { remoteAddr }) => {
    const { pathname } = new URL(request.url);
    return new Response(`${request.method} ${pathname} ${await request.text()}`, {
      status: 201,
      headers: { "x-client": remoteAddr?.transport ?? "" },
    });
  }, { port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  const first = await fetch(`${url}/a`);
  assertEquals([first.status, first.headers.get("x-client")], [201, "tcp"]);
  assertEquals(await first.text(), "GET /a ");
  const second = await fetch(`${url}/b`, { method: "POST", body: "body" });
  assertEquals(await second.text(), "POST /b body");
  assertEquals(server.connections.size, 1);
});

posixTest("serveHttp() answers over a Unix socket", async () => {
  const path = await socketPath();
  const server = await serveHttp(() => new Response("by path"), { path });
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  assertEquals(await (await fetch("http://localhost/", { client })).text(), "by path");
  await server.shutdown();
});

Deno.test("serveHttp() tells the address of the client that a PROXY header names", async () => {
  const source = { transport: "tcp", hostname: "203.0.113.7", port: 4711 } as const;
  await using server = await serveHttp(
    (_request, { remoteAddr }) => Response.json(remoteAddr),
    { port: 0, layers: [proxyProtocol()] },
  );
  const client = await openConnection({
    port: server.port,
    layers: [sendProxyProtocol({ source, destination: source })],
  });
  client.writer.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  assert(decode(await client.reader.read()).endsWith(JSON.stringify(source)));
  await client.close();
});

Deno.test("A body is read as the handler reads it, and one that it leaves is passed over", async () => {
  await using client = await Client.of(async ({ body, url }) => {
    if (url.endsWith("/left")) return new Response("left");
    let length = 0;
    for await (const chunk of body ?? []) length += chunk.length;
    return new Response(String(length));
  });
  const { writer } = client.connection;
  client.send("POST / HTTP/1.1", "content-length: 300000");
  writer.write(new Uint8Array(300_000));
  assertEquals(await client.answer(), "200 300000");
  client.send("POST /left HTTP/1.1", "content-length: 300000");
  writer.write(new Uint8Array(300_000));
  assertEquals(await client.answer(), "200 left");
  client.send("GET / HTTP/1.1");
  assertEquals(await client.answer(), "200 0");
});

Deno.test("A body that comes in parts is sent in parts, as fast as the client reads", async () => {
  let given = 0;
  let cancelled = false;
  await using client = await Client.of(() =>
    new Response(
      new ReadableStream({
        pull(controller): void {
          given++;
          controller.enqueue(new Uint8Array(50_000));
        },
        cancel: () => void (cancelled = true),
      }, { highWaterMark: 0 }),
    )
  );
  client.connection.transport.pauseReading();
  client.send("GET / HTTP/1.1");
  for (let i = 0; i < 20; i++) await turns();
  const held = given;
  assert(held > 0 && held < 20, `${held} parts for a client that does not read`);
  client.connection.transport.resumeReading();
  assert((await client.head()).includes("transfer-encoding: chunked"));
  await client.connection.reader.readexactly(2_000_000);
  assert(given >= 40);
  client.connection.transport.abort();
  await client.served;
  await turns();
  assert(cancelled);
});

Deno.test("Answers without a body have none, and cookies stay apart", async () => {
  await using client = await Client.of(({ url, method }) => {
    const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
    if (url.endsWith("/none")) return new Response(null, { status: 204, headers });
    return new Response(`answer to ${method}`, { headers });
  });
  client.send("HEAD / HTTP/1.1");
  assert((await client.head()).startsWith("http/1.1 200"));
  client.send("GET /none HTTP/1.1");
  const head = await client.head();
  assert(head.startsWith("http/1.1 204") && head.includes("a=1\r\n") && head.includes("b=2\r\n"));
  client.send("GET / HTTP/1.1");
  assertEquals(await client.answer(), "200 answer to GET");
});

Deno.test("A handler that throws is answered 500 and reported once", async () => {
  const errors: string[] = [];
  await using client = await Client.of(() => {
    throw new Error("no luck");
  }, { onError: (error, { callback }) => errors.push(`${callback}: ${error.message}`) });
  client.send("GET / HTTP/1.1");
  assertEquals(await client.answer(), "500 Internal Server Error");
  assertEquals(errors, ["handler: no luck"]);
});

Deno.test("A body that fails cuts the answer, so that it does not look whole", async () => {
  const errors: Error[] = [];
  await using client = await Client.of(() => {
    let parts = 0;
    return new Response(
      new ReadableStream({
        async pull(controller): Promise<void> {
          await turns();
          if (parts++ === 0) controller.enqueue(new Uint8Array(3));
          else throw new Error("broken");
        },
      }),
    );
  }, { onError: (error) => errors.push(error) });
  client.send("GET / HTTP/1.1");
  assert((await client.head()).includes("chunked"));
  assert(!(await client.rest().catch(() => "")).includes("\r\n0\r\n"));
  assertEquals(errors.map(({ message }) => message), ["broken"]);
});

Deno.test("A response that was used is the handler's fault", async () => {
  const errors: Error[] = [];
  await using client = await Client.of(async () => {
    const response = new Response("once");
    await response.text();
    return response;
  }, { onError: (error) => errors.push(error) });
  client.send("GET / HTTP/1.1");
  assertEquals((await client.answer()).slice(0, 3), "500");
  assertInstanceOf(errors[0], TypeError);
});

Deno.test("A handler that does not return a Response gets an error that says so", async () => {
  const errors: string[] = [];
  await using client = await Client.of((() => undefined) as never, {
    onError: (error) => errors.push(error.message),
  });
  client.send("GET / HTTP/1.1");
  assertEquals((await client.answer()).slice(0, 3), "500");
  assertEquals(errors, ["Cannot send response: the handler gave undefined, not a Response"]);
});

Deno.test("request.signal aborts when the client goes away", async () => {
  const gone = Promise.withResolvers<unknown>();
  await using client = await Client.of(({ signal }) => {
    signal.addEventListener("abort", () => gone.resolve(signal.reason));
    client.connection.transport.abort();
    return new Promise<Response>(() => {});
  });
  client.send("GET / HTTP/1.1");
  assertEquals(String(await gone.promise), "ConnectionLostError: The client is gone");
});

Deno.test("A late head is answered with 408, one that is too long with 431, an invalid one with 400", async () => {
  const handler = () => new Response("never");
  const cases: [string, Options, string][] = [
    ["GET / HT", { headersTimeout: 5 }, "408"],
    ["", { headersTimeout: 5 }, "408"],
    [`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(3000)}`, { maxHeaderSize: 2000 }, "431"],
    ["NONSENSE\r\n\r\n", {}, "400"],
    ["GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", {}, "400"],
    ["TRACE / HTTP/1.1\r\nhost: a\r\n\r\n", {}, "501"],
    ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx", { requestTimeout: 5 }, "408"],
  ];
  for (const [sent, options, status] of cases) {
    const isBody = sent.startsWith("POST");
    await using client = await Client.of(
      isBody ? async (request) => new Response(await request.text()) : handler,
      { onError: () => {}, ...options },
    );
    client.connection.writer.write(sent);
    const answer = await client.rest();
    assertEquals(answer.slice(9, 12), status, sent.slice(0, 40));
    assertEquals(answer.match(/HTTP\/1\.1/g)?.length, 1, sent.slice(0, 40));
  }
});

Deno.test("A connection without a request ends after keepAliveTimeout", async () => {
  await using client = await Client.of(() => new Response("x"), { keepAliveTimeout: 5 });
  client.send("GET / HTTP/1.1");
  assertEquals(await client.answer(), "200 x");
  assertEquals(await client.rest(), "");
});

Deno.test("Pipelined requests are answered in order", async () => {
  await using client = await Client.of(async ({ url }) => {
    if (url.endsWith("/slow")) await turns();
    return new Response(new URL(url).pathname);
  });
  client.send("GET /slow HTTP/1.1");
  client.send("GET /fast HTTP/1.1");
  assertEquals([await client.answer(), await client.answer()], ["200 /slow", "200 /fast"]);
});

Deno.test("The target may be a URL or *, and two slashes are no host", async () => {
  await using client = await Client.of(({ url }) => new Response(url));
  client.send("GET http://other.example/p?q HTTP/1.1");
  assertEquals(await client.answer(), "200 http://other.example/p?q");
  client.send("OPTIONS * HTTP/1.1");
  assertEquals(await client.answer(), "200 http://test.example/*");
  client.send("GET //evil.example/p HTTP/1.1");
  assertEquals(await client.answer(), "200 http://test.example//evil.example/p");
});

Deno.test("shutdown() ends idle connections at once and lets a request finish", async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = await serveHttp(async ({ url }) => {
    if (url.endsWith("/slow")) {
      begun.resolve();
      await release.promise;
    }
    return new Response("done");
  }, { port: 0 });
  const ask = async (path: string): Promise<StreamConnection> => {
    const client = await openConnection({ port: server.port });
    client.writer.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    return client;
  };
  const idle = await ask("/");
  const silent = await openConnection({ port: server.port });
  assert(decode(await idle.reader.readuntil("done")).includes("keep-alive"));
  const busy = await ask("/slow");
  await begun.promise;
  const down = server.shutdown({ grace: Infinity });
  // Both had no request under way, one never had any.
  assertEquals([(await idle.reader.read()).length, (await silent.reader.read()).length], [0, 0]);
  release.resolve();
  const last = decode(await busy.reader.read());
  assert(last.toLowerCase().includes("connection: close") && last.endsWith("done"), last);
  assertEquals((await down).aborted, 0);
  for (const client of [idle, silent, busy]) await client.close();
});

Deno.test("info.upgrade() gives the connection with the bytes after the request", async () => {
  await using client = await Client.of((_request, info) => {
    const { response, connection } = info.upgrade({ "x-more": "1" });
    void connection.then(async ({ reader, writer }) => {
      writer.write(await reader.readline());
      await reader.readline();
      writer.write("bye");
      writer.close();
    });
    return response;
  });
  const { writer } = client.connection;
  writer.write(
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: lines\r\n\r\nearly\nla",
  );
  const head = await client.head();
  assert(head.startsWith("http/1.1 101"));
  assert(head.includes("upgrade: lines\r\n") && head.includes("x-more: 1\r\n"));
  assertEquals(decode(await client.connection.reader.readline()), "early\n");
  writer.write("te\n");
  assertEquals(await client.rest(), "bye");
});

Deno.test("An upgrade that the handler does not accept is answered as any request", async () => {
  await using client = await Client.of(() => new Response("no", { status: 426 }));
  client.send("GET / HTTP/1.1", "connection: upgrade", "upgrade: lines");
  assertEquals(await client.answer(), "426 no");
});

Deno.test("info.upgrade() throws where the client does not ask for one", async () => {
  const errors: Error[] = [];
  await using client = await Client.of((_request, info) => info.upgrade().response, {
    onError: (error) => errors.push(error),
  });
  client.send("GET / HTTP/1.1");
  assertEquals((await client.answer()).slice(0, 3), "500");
  assert(errors[0]?.message.includes("does not ask for it"));
});

Deno.test("serveHttp() serves a server of node:http, and ends its connections cleanly", async () => {
  const node = createNodeServer((request, response) => {
    response.end(`${request.socket.remoteAddress} ${request.url}`);
  });
  await using server = await serveHttp(node, { port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/node`);
  assertEquals(await response.text(), "127.0.0.1 /node");
});

Deno.test("A connection that a server of node:http upgraded is left alone", async () => {
  using clock = new ReplacedClock();
  const node = createNodeServer();
  const upgraded = Promise.withResolvers<Duplex>();
  node.on("upgrade", (_message, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    upgraded.resolve(socket);
  });
  await using client = await Client.of(node, { headersTimeout: 5, keepAliveTimeout: 5 });
  client.send("GET / HTTP/1.1", "connection: upgrade", "upgrade: x");
  assert((await client.head()).startsWith("http/1.1 101"));
  const socket = await upgraded.promise;
  assertInstanceOf(socket, LiveNodeStream);
  // Longer than the times of HTTP.
  socket.setTimeout(25);
  const hasTimedOut = once(socket, "timeout");
  clock.advance(25);
  await hasTimedOut;
  client.service.stop();
  socket.write("still there");
  assertEquals(decode(await client.connection.reader.readexactly(11)), "still there");
  socket.resume().once("end", () => void socket.end());
});

Deno.test("HTTP/2 sessions have no timeouts of HTTP/1, and end cleanly", async () => {
  const http2 = createHttp2Server((_request, response) => void response.end("two"));
  const service = new HttpService(http2, { headersTimeout: 5 });
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const served = service.serve(b.transport);
  const stream = toNodeStream(a.transport);
  const session = connectHttp2("http://test.example", { createConnection: () => stream });
  assertEquals(await text(session.request({ ":path": "/" })), "two");
  stream.setTimeout(25);
  await once(stream, "timeout");
  assertEquals(await text(session.request({ ":path": "/" })), "two");
  const closed = once(session, "close");
  service.stop();
  await Promise.all([closed, served]);
});
