import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type { Transport } from "../../../protocols/contract.ts";
import {
  CarrierMessageError,
  ConnectTimeoutError,
  ReceiveBufferFullError,
  WebSocketClosedError,
} from "../../../protocols/errors.ts";
import { flushed, turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import {
  connectWebSocket,
  type WebSocketOptions,
} from "../../../transports/carriers/connect_web_socket.ts";

/** A server whose connections have a recorder. */
class SocketServer implements AsyncDisposable {
  readonly protocol: RecordingProtocol = new RecordingProtocol();
  readonly #accepted = Promise.withResolvers<Transport>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(options: WebSocketOptions = {}) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request, { remoteAddr }) => {
        const { socket, response } = Deno.upgradeWebSocket(
          request,
          request.headers.has("sec-websocket-protocol") ? { protocol: "bytes" } : {},
        );
        connectWebSocket(() => this.protocol, socket, { ...options, peername: remoteAddr })
          .then(({ transport }) => this.#accepted.resolve(transport), this.#accepted.reject);
        return response;
      },
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get accepted(): Promise<Transport> {
    return this.#accepted.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Opens a plain WebSocket, lets it act, and tells how both ends ended. */
async function endOf(
  server: SocketServer,
  act: (socket: WebSocket) => void,
): Promise<[CloseInfo, CloseEvent]> {
  const socket = new WebSocket(server.url);
  const closed = Promise.withResolvers<CloseEvent>();
  socket.onopen = () => act(socket);
  socket.onclose = closed.resolve;
  const transport = await server.accepted;
  return [await transport.closed, await closed.promise];
}

Deno.test("connectWebSocket() gives the subprotocol, the socket and the given address as extra info", async () => {
  await using server = new SocketServer();
  const { transport } = await connectWebSocket(() => ({}), new URL(server.url), {
    subprotocols: ["text", "bytes"],
  });
  assertEquals(transport.getExtraInfo("subprotocol"), "bytes");
  assert(transport.getExtraInfo("socket") instanceof WebSocket);
  assertEquals(transport.getExtraInfo("peername"), null);
  const peername = (await server.accepted).getExtraInfo("peername");
  assert(peername?.transport === "tcp" && peername.hostname === "127.0.0.1");
  transport.close();
  await (await server.accepted).closed;
});

Deno.test("connectWebSocket() ends with ReceiveBufferFullError and code 4009 when more waits than may", async () => {
  await using server = new SocketServer({ maxReadBuffer: 1000 });
  const [info, event] = await endOf(server, async (socket) => {
    (await server.accepted).pauseReading();
    // The first one is under way to the protocol, and does not count.
    for (const size of [10, 1000, 1]) socket.send(new Uint8Array(size));
    socket.addEventListener("close", () => server.protocol.transport.resumeReading());
  });
  const { error } = info;
  assert(error instanceof ReceiveBufferFullError, `${error}`);
  assertEquals([error.size, error.limit, event.code], [1001, 1000, 4009]);
  // The bytes that were kept are delivered before.
  assertEquals(server.protocol.receivedLength, 1010);
});

Deno.test("connectWebSocket() ends with CarrierMessageError and code 4003 for a text message", async () => {
  await using server = new SocketServer();
  const [{ error }, event] = await endOf(server, (socket) => socket.send("text"));
  assert(error instanceof CarrierMessageError, `${error}`);
  assertEquals(event.code, 4003);
});

Deno.test("connectWebSocket() treats code 1000 and no code as the end of data, other codes as WebSocketClosedError", async () => {
  for (const code of [undefined, 1000, 3001]) {
    await using server = new SocketServer();
    const [{ endedBy, error }] = await endOf(
      server,
      (socket) => code === 3001 ? socket.close(code, "enough") : socket.close(code),
    );
    if (code !== 3001) assertEquals([endedBy, error], ["peer", null]);
    else {
      assert(error instanceof WebSocketClosedError);
      assertEquals([error.code, error.reason], [3001, "enough"]);
    }
  }
});

Deno.test("connectWebSocket() tells the peer with code 4000 of an abort()", async () => {
  await using server = new SocketServer();
  const [, event] = await endOf(server, async () => (await server.accepted).abort());
  assertEquals(event.code, 4000);
});

Deno.test("connectWebSocket() queues data while the peer does not read, and continues when it does", async () => {
  const size = 67_108_864;
  await using server = new SocketServer();
  using conn = await Deno.connect({ port: server.port });
  const request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  const transport = await server.accepted;
  transport.write(new Uint8Array(size));
  assertEquals(server.protocol.count("pauseWriting"), 1);
  await turns(50);
  const socket = transport.getExtraInfo("socket");
  assert(socket instanceof WebSocket);
  assert(transport.getWriteBufferSize() > size / 2, "far more is in the WebSocket than may be");
  assert(socket.bufferedAmount <= 262_144 + 65_536, `${socket.bufferedAmount} bytes wait there`);
  const buffer = new Uint8Array(1_048_576);
  const sent = flushed(transport);
  for (let left = size; left > 0;) left -= await conn.read(buffer) ?? left;
  await sent;
  assertEquals(server.protocol.count("resumeWriting"), 1);
  conn.close();
  const { error } = await transport.closed;
  assert(error instanceof WebSocketClosedError && error.code === 1006, `${error}`);
});

Deno.test("connectWebSocket() rejects with WebSocketClosedError when no server listens", async () => {
  const port = 1;
  await assertRejects(
    () => connectWebSocket(() => ({}), `ws://127.0.0.1:${port}`),
    WebSocketClosedError,
    "Cannot open WebSocket ws://127.0.0.1:1/: closed with code",
  );
});

Deno.test("connectWebSocket() rejects after connectTimeout, and when its signal aborts", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `ws://127.0.0.1:${listener.addr.port}`;
  await assertRejects(
    () => connectWebSocket(() => ({}), url, { connectTimeout: 1 }),
    ConnectTimeoutError,
  );
  const controller = new AbortController();
  const reason = new Error("No longer wanted");
  const connecting = connectWebSocket(() => ({}), url, { signal: controller.signal });
  controller.abort(reason);
  await assertRejects(() => connecting, Error, "No longer wanted");
  await assertRejects(
    () => connectWebSocket(() => ({}), url, { signal: controller.signal }),
    Error,
    "No longer wanted",
  );
});

Deno.test("connectWebSocket() throws RangeError for invalid limits", async () => {
  for (const options of [{ maxReadBuffer: 0 }, { connectTimeout: 0 }, { maxWriteBuffer: -1 }]) {
    await assertRejects(
      () => connectWebSocket(() => ({}), "ws://127.0.0.1:1", options),
      RangeError,
    );
  }
});
