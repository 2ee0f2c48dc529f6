import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { createServer as createNodeServer, type Socket } from "node:net";
import type { Transport } from "../../protocols/contract.ts";
import { WriteBufferFullError } from "../../protocols/errors.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { createConnection } from "../../transports/create_connection.ts";
import { createServer } from "../../transports/create_server.ts";
import type { TransportOptions } from "../../transports/core/transport_options.ts";
import { settle } from "../support/time/event_loop.ts";

/** A raw listener instead of a server, and the connection to it from our side. */
async function connectedToRaw(options: TransportOptions = {}): Promise<{
  transport: Transport;
  protocol: RecordingProtocol;
  peer: Deno.Conn;
}> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [connected, peer] = await Promise.all([
    createConnection(() => new RecordingProtocol(), { port: listener.addr.port, ...options }),
    listener.accept(),
  ]);
  return { ...connected, peer };
}

/** Connects to a peer that answers with a reset when `reset` is called. */
async function connectedToResetter(): Promise<{
  transport: Transport;
  protocol: RecordingProtocol;
  port: number;
  reset: () => void;
  close: () => Promise<void>;
}> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = createNodeServer((socket) => accepted.resolve(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  assert(typeof address === "object" && address !== null);
  const { port } = address;
  const connected = await createConnection(() => new RecordingProtocol(), { port });
  const socket = await accepted.promise;
  socket.on("error", () => {});
  return {
    ...connected,
    port,
    reset: () => socket.resetAndDestroy(),
    close: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

/** Gives the output that `run` prints. */
async function printed(run: () => Promise<void>): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const { error } = console;
  console.error = (...line) => void lines.push(line);
  try {
    await run();
  } finally {
    console.error = error;
  }
  return lines;
}

Deno.test("A peer that resets ends the connection with ConnectionReset that names the address", async () => {
  const { transport, protocol, port, reset, close } = await connectedToResetter();
  reset();
  const { error, endedBy } = await transport.closed;
  assertInstanceOf(error, Deno.errors.ConnectionReset);
  assertMatch(error.message, new RegExp(`^Cannot read from 127\\.0\\.0\\.1:${port}: `));
  assertEquals("code" in error && error.code, "ECONNRESET");
  assertEquals([endedBy, protocol.order.at(-1)], ["error", "connectionLost"]);
  await close();
});

Deno.test("A peer that resets while we write to it ends the connection with the address", async () => {
  const { transport, port, reset, close } = await connectedToResetter();
  transport.write(new Uint8Array(10_000_000));
  await settle();
  reset();
  const { error, bytesUnsent } = await transport.closed;
  assertInstanceOf(error, Error);
  assertMatch(error.message, new RegExp(`^Cannot (read from|write to) 127\\.0\\.0\\.1:${port}: `));
  assert(bytesUnsent > 0);
  // Writing was paused when the connection was lost; nothing resumes it any more.
  assertEquals(transport.write("dropped"), false);
  assertEquals(transport.getWriteBufferSize(), 0);
  await close();
});

Deno.test("A peer that vanishes while 64 MiB are written ends the connection", async () => {
  const { transport, peer } = await connectedToRaw();
  const piece = new Uint8Array(1_048_576);
  let written = 0;
  const write = () => {
    while (written < 64 && transport.write(piece)) written++;
    written++;
  };
  transport.setProtocol({ resumeWriting: write });
  write();
  const received = await peer.read(new Uint8Array(100_000));
  assert(received !== null && received > 0);
  peer.close();
  const { error, bytesWritten } = await transport.closed;
  assert(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe);
  assert(bytesWritten < 64 * 1_048_576, "all of it was taken");
  assertEquals(transport.getWriteBufferSize(), 0);
});

Deno.test("A peer that vanishes ends one write of 64 MiB as well", async () => {
  const { transport, peer } = await connectedToRaw();
  transport.write(new Uint8Array(64 * 1_048_576));
  await settle();
  peer.close();
  const { error, bytesWritten, bytesUnsent } = await transport.closed;
  assert(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe);
  assertEquals(bytesWritten + bytesUnsent, 64 * 1_048_576);
});

Deno.test("A peer that never reads pauses a writer that obeys pauseWriting; little is queued", async () => {
  const { transport, protocol, peer } = await connectedToRaw();
  const piece = new Uint8Array(10_000);
  while (transport.write(piece)) await settle();
  assertEquals(protocol.order, ["connectionMade", "pauseWriting"]);
  const held = transport.getWriteBufferSize();
  assert(held > 65_536 && held <= 65_536 + piece.length, `${held} bytes`);
  transport.abort();
  peer.close();
  await transport.closed;
});

Deno.test("A peer that never reads and a writer that ignores pauseWriting end with WriteBufferFullError", async () => {
  const { transport, protocol, peer } = await connectedToRaw();
  const piece = new Uint8Array(100_000);
  let most = 0;
  let writes = 0;
  while (!transport.isClosing()) {
    transport.write(piece);
    most = Math.max(most, transport.getWriteBufferSize());
    if (++writes % 10 === 0) await settle();
  }
  const { error } = await transport.closed;
  assertInstanceOf(error, WriteBufferFullError);
  assertMatch(
    error.message,
    /^Cannot write to 127\.0\.0\.1:\d+: \d+ bytes are queued, maxWriteBuffer is 16777216$/,
  );
  assert(protocol.count("pauseWriting") > 0);
  assert(most <= 16_777_216 + piece.length, `${most} bytes were queued`);
  peer.close();
});

Deno.test("A callback that throws is printed once, with both addresses, and ends its connection only", async () => {
  const accepted: RecordingProtocol[] = [];
  await using server = await createServer(() => {
    const isFirst = accepted.length === 0;
    const protocol = new RecordingProtocol({
      dataReceived: () => {
        if (isFirst) throw new SyntaxError("Cannot read this");
      },
    });
    accepted.push(protocol);
    return protocol;
  }, { port: 0 });
  const first = await createConnection(() => ({}), { port: server.port });
  const second = await createConnection(() => ({}), { port: server.port });
  const lines = await printed(async () => {
    first.transport.write("x");
    await first.transport.closed;
    await accepted[0]?.until("connectionLost");
  });
  const peername = first.transport.getExtraInfo("sockname");
  assert(peername?.transport === "tcp");
  assertEquals(lines, [[
    `Error in dataReceived (127.0.0.1:${server.port} <-> 127.0.0.1:${peername.port}):`,
    accepted[0]?.error,
  ]]);
  assertEquals(accepted[0]?.error?.message, "Cannot read this");
  second.transport.write("still fine");
  await accepted[1]?.untilReceived(10);
  second.transport.close();
});

Deno.test("A client that comes and goes before it is accepted does not disturb the others", async () => {
  const errors: unknown[] = [];
  const server = await createServer(() => ({}), {
    port: 0,
    startServing: false,
    onError: (error) => errors.push(error),
  });
  const { connect } = await import("node:net");
  for (let i = 0; i < 5; i++) {
    const socket = connect(server.port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.resetAndDestroy();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  }
  server.startServing();
  const { transport } = await createConnection(() => ({}), { port: server.port });
  transport.close();
  await transport.closed;
  await server.shutdown();
  assertEquals(errors, []);
});
