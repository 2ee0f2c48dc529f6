/**
 * Clients that still send when their answer has left: they see it, and no reset (RFC 9112, 9.6).
 */
import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { type FetchHandler, serveHttp } from "../../node/mod.ts";
import type { Server } from "../../transports/servers/server.ts";
import { sendOn } from "../support/peers/late_sender.ts";
import { decode } from "../support/text.ts";

const POST = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n";
const GET = "GET / HTTP/1.1\r\nhost: x\r\n";
const HANDSHAKE = `${GET}connection: Upgrade\r\nupgrade: websocket\r\n` +
  "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const tooLarge: FetchHandler = () =>
  new Response("too large", { status: 413, headers: { connection: "close" } });

/** Serves one client that sends on, and nothing is left of its connection. */
async function answerOf(server: Server, first: Uint8Array | string): Promise<string> {
  const answer = decode(await sendOn(server.port, first));
  for (const { closed } of server.connections) await closed;
  return answer;
}

const cases: [what: string, status: number, handler: FetchHandler, request: string][] = [
  ["a refused body", 413, tooLarge, `${POST}\r\nthe start of it`],
  [
    "a body that its client wants to be the last",
    200,
    () => new Response(),
    `${POST}connection: close\r\n\r\n`,
  ],
  [
    "what follows the last request",
    200,
    () => new Response("a"),
    `${GET}connection: close\r\n\r\n${GET}\r\n`,
  ],
  ["a request that is none", 400, () => new Response(), "NONSENSE\r\n\r\n"],
  [
    "what follows the last request and is none",
    200,
    () => new Response(),
    `${GET}connection: close\r\n\r\nnonsense\r\n\r\n`,
  ],
  ["a head that is too long", 431, () => new Response(), `${GET}x: ${"x".repeat(20_000)}\r\n`],
  [
    "an upgrade that is refused",
    426,
    () => new Response("", { status: 426 }),
    `${HANDSHAKE}frames`,
  ],
  ["a body whose handler fails", 500, () => {
    throw new Error("no");
  }, `${POST}\r\nx`],
];

for (const [what, status, handler, request] of cases) {
  Deno.test(`serveHttp() takes what still comes of ${what}`, async () => {
    await using server = await serveHttp(handler, { port: 0, onError: () => {} });
    const answer = await answerOf(server, request);
    assert(answer.startsWith(`HTTP/1.1 ${status} `), answer);
    assertEquals(answer.split("HTTP/1.1").length, 2, answer);
  });
}

for (const [what, status, , request] of cases.filter(([what]) => /is none|too long/.test(what))) {
  Deno.test(`serveHttp() of a server of node:http takes what still comes of ${what}`, async () => {
    const app = createServer((_message, answer) => void answer.end("a"));
    await using server = await serveHttp(app, { port: 0 });
    const answer = await answerOf(server, request);
    assert(answer.startsWith(`HTTP/1.1 ${status} `), answer);
  });
}

Deno.test("upgradeWebSocket() takes what still comes after it has refused a frame", async () => {
  await using server = await serveHttp((_request, info) => {
    const { response, connection } = info.upgradeWebSocket();
    void connection.then(({ reader }) => reader.read()).catch(() => {});
    return response;
  }, { port: 0 });
  // A frame that is not masked.
  const first = Uint8Array.of(...new TextEncoder().encode(HANDSHAKE), 0x82, 1, 65);
  const answer = await sendOn(server.port, first);
  assertEquals([...answer.slice(-4)], [0x88, 2, 1002 >> 8, 1002 & 255]);
});

Deno.test("upgradeWebSocket() takes what still comes after it has closed", async () => {
  await using server = await serveHttp((_request, info) => {
    const { response, connection } = info.upgradeWebSocket();
    void connection.then(async ({ reader, writer }) => {
      await reader.read();
      writer.close();
    });
    return response;
  }, { port: 0 });
  // The client closes; then it sends what it must not.
  const first = Uint8Array.of(...new TextEncoder().encode(HANDSHAKE), 0x88, 0x80, 0, 0, 0, 0);
  assertEquals([...(await sendOn(server.port, first)).slice(-2)], [0x88, 0]);
});
