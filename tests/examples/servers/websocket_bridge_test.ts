import { openConnection, type Server, startServer } from "@sluice/net";
import { assertEquals, assertMatch } from "@std/assert";
import { startExample } from "../run_example.ts";

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION = "Sec-WebSocket-Version: 13";
const COMPLETE = ["Upgrade: websocket", "Connection: Upgrade", VERSION, KEY];

/** Sends the head of a request, and gives the status of the answer. The connection stays open. */
async function ask(
  port: number,
  headers: readonly string[],
  line = "GET / HTTP/1.1",
): Promise<{ status: number } & AsyncDisposable> {
  const { reader, writer, transport } = await openConnection({ port });
  writer.write(`${[line, ...headers].join("\r\n")}\r\n\r\n`);
  const head = new TextDecoder().decode(await reader.readline());
  return {
    status: Number(head.split(" ")[1]),
    async [Symbol.asyncDispose](): Promise<void> {
      transport.abort();
      await transport.closed;
    },
  };
}

/** A target that counts its connections. */
async function startTarget(): Promise<Server & { made(): number }> {
  let made = 0;
  const server = await startServer(async ({ reader }) => {
    made++;
    await reader.read();
  }, { port: 0 });
  return Object.assign(server, { made: () => made });
}

Deno.test("websocket_bridge opens no connection to its target for a handshake that is incomplete", async () => {
  await using target = await startTarget();
  const args = ["--port", "0", "--target", `127.0.0.1:${target.port}`];
  await using bridge = startExample("websocket_bridge", args);
  const port = await bridge.port();
  const host = `Host: 127.0.0.1:${port}`;
  const requests: [status: number, headers: string[], line?: string][] = [
    [426, [host]],
    [426, [host, "Upgrade: h2c", "Connection: Upgrade", VERSION, KEY]],
    [426, [host, "Upgrade: websocket", "Connection: Upgrade", KEY]],
    [426, [host, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8", KEY]],
    [400, [host, "Upgrade: websocket", "Connection: Upgrade", VERSION]],
    [400, [host, "Upgrade: websocket", "Connection: Upgrade", VERSION, "Sec-WebSocket-Key: x"]],
    [400, [host, "Upgrade: websocket", VERSION, KEY]],
    [400, [host, ...COMPLETE, "Content-Length: 0"], "POST / HTTP/1.1"],
  ];
  for (const [status, headers, line] of requests) {
    await using answer = await ask(port, headers, line);
    assertEquals(answer.status, status, headers.join(", "));
  }
  assertEquals(target.made(), 0);
});

Deno.test("websocket_bridge takes Upgrade and Connection in any case and in lists", async () => {
  await using target = await startTarget();
  const args = ["--port", "0", "--target", `127.0.0.1:${target.port}`];
  await using bridge = startExample("websocket_bridge", args);
  const port = await bridge.port();
  for (
    const [upgrade, connection] of [
      ["WebSocket", "upgrade"],
      ["WEBSOCKET", "keep-alive, Upgrade"],
    ]
  ) {
    await using answer = await ask(port, [
      `Host: localhost:${port}`,
      `Upgrade: ${upgrade}`,
      `Connection: ${connection}`,
      VERSION,
      KEY,
    ]);
    assertEquals(answer.status, 101, `${upgrade}, ${connection}`);
  }
});

Deno.test("websocket_bridge closes its connection to the target when the client leaves", async () => {
  const gone = Promise.withResolvers<void>();
  await using target = await startServer(async ({ reader }) => {
    await reader.read();
    gone.resolve();
  }, { port: 0 });
  const args = ["--port", "0", "--target", `127.0.0.1:${target.port}`];
  await using bridge = startExample("websocket_bridge", args);
  const port = await bridge.port();
  {
    await using answer = await ask(port, [`Host: 127.0.0.1:${port}`, ...COMPLETE]);
    assertEquals(answer.status, 101);
  }
  await gone.promise;
});

Deno.test("websocket_bridge refuses pages of other origins, also of a name that resolves to this machine", async () => {
  await using target = await startTarget();
  const own = ["--origin", "https://example.org", "--name", "bridge.example"];
  const args = ["--port", "0", "--target", `127.0.0.1:${target.port}`, ...own];
  await using bridge = startExample("websocket_bridge", args);
  const port = await bridge.port();
  const cases: [status: number, host: string, origin: string | null][] = [
    [101, `127.0.0.1:${port}`, null],
    [101, `localhost:${port}`, null],
    [101, `[::1]:${port}`, null],
    [101, `bridge.example:${port}`, null],
    [101, `127.0.0.1:${port}`, `http://127.0.0.1:${port}`],
    [101, `bridge.example:${port}`, `http://bridge.example:${port}`],
    [101, `127.0.0.1:${port}`, "https://example.org"],
    [403, `127.0.0.1:${port}`, "null"],
    [403, `127.0.0.1:${port}`, "http://example.org"],
    [403, `127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`],
    [403, `127.0.0.1:${port}`, `http://evil.example:${port}`],
    [403, `evil.example:${port}`, `http://evil.example:${port}`],
    [403, `evil.example:${port}`, null],
    [403, `127.0.0.1.evil.example:${port}`, null],
    [403, `localhost.evil.example:${port}`, null],
    [403, `localhost:${port}`, `http://evil.example`],
  ];
  for (const [status, host, origin] of cases) {
    const from = origin === null ? [] : [`Origin: ${origin}`];
    await using answer = await ask(port, [`Host: ${host}`, ...from, ...COMPLETE]);
    assertEquals(answer.status, status, `${host}, ${origin}`);
  }
});

Deno.test("websocket_bridge reports on one line that its target is unreachable", async () => {
  const args = ["--port", "0", "--target", "127.0.0.1:1"];
  await using bridge = startExample("websocket_bridge", args);
  const port = await bridge.port();
  await using answer = await ask(port, [`Host: 127.0.0.1:${port}`, ...COMPLETE]);
  assertEquals(answer.status, 502);
  const { stderr } = await bridge.stop("SIGTERM");
  assertEquals(stderr.length, 1);
  assertMatch(stderr.join(), /^Cannot connect to 127\.0\.0\.1:1: /);
});
