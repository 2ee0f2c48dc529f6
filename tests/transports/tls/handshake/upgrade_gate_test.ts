import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { Protocol } from "../../../../protocols/protocol.ts";
import { turns } from "../../../../testing/conformance/scene.ts";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import type { StreamConnection } from "../../../../streams/stream_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import { startTls } from "../../../../transports/tls/start_tls.ts";
import { connectPair, type StreamPair } from "../../../support/pairs/stream_pair.ts";
import { openConnection } from "../../../../streams/open_connection.ts";
import { localhost, trusting } from "../../../support/certificates/certificates.ts";

const SECRET = "PASS hunter2\r\n";
const FACES: Readonly<Record<string, (connection: StreamConnection) => unknown>> = {
  "writer.write()": ({ writer }) => writer.write(SECRET),
  "writer.writelines()": ({ writer }) => writer.writelines([SECRET.slice(0, 4), SECRET.slice(4)]),
  "writable": ({ writable }) => writable.getWriter().write(new TextEncoder().encode(SECRET)),
  "transport.write()": ({ transport }) => transport.write(SECRET),
};

/** Sees what a client sends, and answers nothing. */
async function silentServer(): Promise<
  AsyncDisposable & { port: number; seen: RecordingProtocol }
> {
  const seen = new RecordingProtocol();
  const server = await createServer(() => seen, { port: 0 });
  return {
    port: server.port,
    seen,
    [Symbol.asyncDispose]: async () => void await server.shutdown({ grace: 0 }),
  };
}

for (const [face, write] of Object.entries(FACES)) {
  Deno.test(`${face} during startTls() sends nothing in the clear if the handshake fails`, async () => {
    await using server = await silentServer();
    const connection = await openConnection({ port: server.port });
    const failed = assertRejects(() => connection.startTls({ ...trusting, handshakeTimeout: 60 }));
    const written = write(connection);
    if (written instanceof Promise) await assertRejects(() => written);
    await failed;
    await server.seen.until("connectionLost");
    assert(server.seen.receivedLength > 0, "the handshake was begun");
    assertEquals(server.seen.receivedText.includes("hunter2"), false);
  });

  for (const role of ["client", "server"] as const) {
    Deno.test(`${face} during startTls() sends it encrypted, in order (${role})`, async () => {
      await using pair: StreamPair = await connectPair();
      const [client, server] = [pair.a, pair.b];
      const upgrades = [
        client.startTls(trusting),
        server.startTls({ ...localhost, serverSide: true }),
      ];
      const [from, to] = role === "client" ? [client, server] : [server, client];
      const written = write(from);
      await Promise.all([...upgrades, written]);
      from.writer.write("after\n");
      const length = SECRET.length + 6;
      const received = await to.reader.readexactly(length);
      assertEquals(new TextDecoder().decode(received), `${SECRET}after\n`);
    });
  }
}

Deno.test("startTls() ends the connection with the reason of its signal", async () => {
  await using server = await silentServer();
  const connection = await openConnection({ port: server.port });
  const reason = new Error("no longer wanted");
  const cancel = new AbortController();
  const started = connection.startTls({ ...trusting, signal: cancel.signal });
  cancel.abort(reason);
  assertEquals(await assertRejects(() => started), reason);
  assertEquals((await connection.closed).error, reason);
});

Deno.test("startTls() leaves the connection as it is if its signal has aborted before", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const signal = AbortSignal.abort(new Error("too late"));
  const start = (transport: Transport) => startTls(transport, {}, { ...trusting, signal });
  await assertRejects(() => start(a.transport), Error, "too late");
  a.transport.write("in the clear");
  await b.protocol.untilReceived(12);
  a.transport.close();
  await b.transport.closed;
});

Deno.test("A client whose startTls() fails has sent nothing that it wrote meanwhile", async () => {
  await using pair = await connectPair();
  const upgrades = Promise.allSettled([
    pair.a.startTls({ ...trusting, serverName: "elsewhere.example" }),
    pair.b.startTls({ ...localhost, serverSide: true }),
  ]);
  pair.a.writer.write(SECRET);
  const [client] = await upgrades;
  assert(client.status === "rejected");
  assertInstanceOf(client.reason, TlsHandshakeError);
  assertEquals(client.reason.reason, "name");
  const received = await pair.b.reader.read().catch(() => new Uint8Array(0));
  assertEquals(received.length, 0);
});

for (const [who, isFollowing] of [["an old name of it", false], ["its transport", true]] as const) {
  Deno.test(`startTls() is not held up by a protocol that pauses reading while it writes (${who})`, async () => {
    const [a, b] = await memoryTransportPair(
      () => new RecordingProtocol(),
      () => new Protocol(),
      { writeBufferLimits: { high: 1000 } },
    );
    const echo = b.protocol;
    const { transport: old } = b;
    const calls: string[] = [];
    Object.assign(echo, {
      dataReceived: (chunk: Uint8Array) => void echo.transport.write(chunk),
      pauseWriting(): void {
        calls.push("pause");
        (isFollowing ? echo.transport : old).pauseReading();
      },
      resumeWriting(): void {
        calls.push("resume");
        (isFollowing ? echo.transport : old).resumeReading();
      },
    });
    const upgrades = Promise.all([
      startTls(a.transport, a.protocol, trusting),
      startTls(b.transport, echo, { ...localhost, serverSide: true }),
    ]);
    old.write("during ");
    assertEquals(calls, ["pause"]);
    const [client] = await upgrades;
    assertEquals(calls, ["pause", "resume"]);
    client.write("after");
    await a.protocol.untilReceived(12);
    assertEquals(a.protocol.receivedText, "during after");
    client.close();
    await client.closed;
  });
}

Deno.test("startTls() hands a pause of reading that comes during the handshake to its transport", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const upgrades = Promise.all([
    startTls(a.transport, {}, trusting),
    startTls(b.transport, b.protocol, { ...localhost, serverSide: true }),
  ]);
  b.transport.pauseReading();
  const [client, server] = await upgrades;
  assertEquals(server.isReading(), false);
  client.write("one");
  await turns();
  assertEquals(b.protocol.receivedLength, 0);
  server.resumeReading();
  await b.protocol.untilReceived(3);
  client.close();
  await client.closed;
});
