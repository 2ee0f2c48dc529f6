/**
 * Public reports on other systems: datagrams, as small programs.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createDatagramEndpoint,
  type DatagramTransport,
  denoNetwork,
  lineCodec,
  openDatagrams,
} from "@sluice/net";
import { framedDatagrams } from "@sluice/net/streams";
import type { DatagramEndpoint } from "@sluice/net/transports";
import { DatagramLog } from "../../support/doubles/datagram_log.ts";
import { settle, turn } from "../../support/time/event_loop.ts";

const HERE = { localAddr: { port: 0 } };
const BROADCAST = "255.255.255.255";

async function close(...transports: DatagramTransport[]): Promise<void> {
  for (const transport of transports) {
    transport.close();
    await transport.closed;
  }
}

function open(
  options: Parameters<typeof createDatagramEndpoint>[1] = HERE,
): Promise<DatagramEndpoint<DatagramLog>> {
  return createDatagramEndpoint(() => new DatagramLog(), options);
}

Deno.test("a send that the system refuses is reported once, and later sends succeed", async () => {
  const [a, b] = [await open(), await open()];
  a.transport.sendto("refused", { hostname: BROADCAST, port: 9 });
  a.transport.sendto("accepted", { port: b.transport.port });
  await b.protocol.arrived(1);
  await settle();
  assertEquals([a.protocol.errors.length, b.protocol.texts], [1, ["accepted"]]);
  assert(!a.transport.isClosing());
  await close(a.transport, b.transport);
});

Deno.test("a send to port 0 is refused by the call, and does not close the endpoint", async () => {
  const { transport } = await open();
  assertThrows(() => transport.sendto("x", { hostname: "127.0.0.1", port: 0 }), RangeError);
  assert(!transport.isClosing());
  await close(transport);
});

Deno.test("sendto() and close() in connectionMade send the datagram, and close cleanly", async () => {
  const server = await open();
  const lost = Promise.withResolvers<Error | null>();
  const { transport } = await createDatagramEndpoint(() => ({
    connectionMade(made): void {
      made.sendto("only");
      made.close();
    },
    connectionLost: lost.resolve,
  }), { remoteAddr: { port: server.transport.port } });
  assertEquals(await lost.promise, null);
  assertEquals((await transport.closed).sent, 1);
  await server.protocol.arrived(1);
  await close(server.transport);
});

Deno.test("a connected endpoint sends with the address of its peer as well as without", async () => {
  const server = await open();
  const { port } = server.transport;
  const { transport } = await open({ remoteAddr: { hostname: "127.0.0.1", port } });
  transport.sendto("with", { hostname: "127.0.0.1", port });
  transport.sendto("without");
  await server.protocol.arrived(2);
  assertEquals(server.protocol.texts, ["with", "without"]);
  await close(transport, server.transport);
});

Deno.test("receive() waits on over a failed send and a datagram that is cut off", async () => {
  const errors: Error[] = [];
  await using socket = await openDatagrams({
    ...HERE,
    maxDatagramSize: 10,
    errorReceived: (error) => errors.push(error),
  });
  const receiving = socket.receive();
  await socket.send("refused", { hostname: BROADCAST, port: 9 }).catch(() => {});
  await using other = await openDatagrams({ remoteAddr: { port: socket.port } });
  await other.send("longer than ten bytes");
  await other.send("short");
  assertEquals(new TextDecoder().decode((await receiving)?.data), "short");
  assertEquals(errors.map(({ name }) => name), ["DatagramTruncatedError"]);
});

Deno.test("a datagram of 1025 bytes, and the longest that there is, arrive whole", async () => {
  const [a, b] = [await open(), await open()];
  for (const size of [1024, 1025, 2049, 65_507]) {
    a.transport.sendto(new Uint8Array(size).fill(size), { port: b.transport.port });
    await b.protocol.until(() => b.protocol.received.at(-1)?.data.length === size);
  }
  assertEquals(b.protocol.errors, []);
  await close(a.transport, b.transport);
});

Deno.test("65,508 bytes are refused once: in place of two errors the socket goes on", async () => {
  const { transport, protocol } = await open();
  transport.sendto(new Uint8Array(65_508), { port: transport.port });
  transport.sendto("next", { port: transport.port });
  await protocol.arrived(1);
  await settle();
  assertEquals(protocol.errors.map(({ name }) => name), ["DatagramTooLargeError"]);
  await close(transport);
});

Deno.test("what waits for a name that is never found is bounded", async () => {
  const network = { ...denoNetwork, lookup: () => new Promise<string[]>(() => {}) };
  const { transport, protocol } = await open({ ...HERE, network, maxWriteBuffer: 10_000 });
  for (let i = 0; i < 100_000; i++) transport.sendto("metric:1|c", { hostname: "x.test", port: 9 });
  assert(transport.getWriteBufferSize() <= 10_018, `${transport.getWriteBufferSize()} bytes`);
  assertEquals(protocol.errors.map(({ name }) => name), ["WriteBufferFullError"]);
  assertEquals(transport.dropped.sent, 100_000 - 556);
  transport.abort();
  assertEquals((await transport.closed).unsent, 556);
});

Deno.test("a loop that sends a million datagrams without waiting holds no more than its limit", async () => {
  const { transport } = await open({ remoteAddr: { port: 9 }, maxWriteBuffer: 100_000 });
  for (let i = 0; i < 1_000_000; i++) transport.sendto("My kung-fu is good");
  assert(transport.getWriteBufferSize() <= 100_026);
  transport.close();
  const { sent, dropped } = await transport.closed;
  assertEquals(sent + dropped.sent, 1_000_000);
});

Deno.test("a sender that stops at pauseWriting is resumed after a send that fails", async () => {
  const { transport, protocol } = await open({ ...HERE, writeBufferLimits: { high: 0 } });
  for (let round = 1; round <= 3; round++) {
    transport.sendto("refused", { hostname: BROADCAST, port: 9 });
    await protocol.until(() => protocol.calls.at(-1) === "resumeWriting");
    assertEquals([protocol.errors.length, transport.getWriteBufferSize()], [round, 0]);
  }
  await close(transport);
});

Deno.test("the size of the queue is 0 again after many datagrams", async () => {
  const { transport, protocol } = await open({ ...HERE, writeBufferLimits: { high: 100 } });
  for (let i = 0; i < 1000; i++) {
    if (!transport.sendto("x".repeat(i % 50), { port: transport.port })) {
      await protocol.until(() => protocol.calls.at(-1) === "resumeWriting");
    }
  }
  while (transport.getWriteBufferSize() > 0) await turn();
  assertEquals(transport.getWriteBufferSize(), 0);
  await close(transport);
});

Deno.test("an endpoint that talks to the broadcast address is bound to every interface", async () => {
  const { transport } = await open({
    remoteAddr: { hostname: BROADCAST, port: 9 },
    allowBroadcast: true,
  });
  const sockname = transport.getExtraInfo("sockname");
  assertEquals(sockname && "hostname" in sockname && sockname.hostname, "0.0.0.0");
  await close(transport);
});

Deno.test("a peer is known however its address is written", async () => {
  const server = await open();
  const { port } = server.transport;
  const client = await open({
    localAddr: { hostname: "::" },
    remoteAddr: { hostname: "::ffff:7f00:1", port },
  });
  client.transport.sendto("1", { hostname: "::ffff:127.0.0.1", port });
  await server.protocol.arrived(1);
  server.transport.sendto("2", { port: client.transport.port });
  await client.protocol.arrived(1);
  assertEquals([client.protocol.texts, client.transport.dropped.strangers], [["2"], 0]);
  await close(client.transport, server.transport);
});

Deno.test("frames: several in a datagram, and half of one that does not reach the next", async () => {
  const bad: string[] = [];
  await using server = framedDatagrams(
    await openDatagrams(HERE),
    () => lineCodec({ requireEnding: true }),
    { onBadMessage: (error) => bad.push(error.name) },
  );
  await using client = await openDatagrams({ remoteAddr: { port: server.socket.port } });
  await client.send("one\ntwo\nthree\n");
  await client.send("four\nhalf of a li");
  await client.send("");
  await client.send("five\n");
  const received: (string | undefined)[] = [];
  while (received.at(-1) !== "five") received.push((await server.receive())?.message);
  assertEquals(received, ["one", "two", "three", "four", "five"]);
  assertEquals([bad, server.badMessages], [["IncompleteFrameError"], 1]);
});

Deno.test("a failed send whose promise is not awaited does not end the process", async () => {
  await using socket = await openDatagrams(HERE);
  void socket.send("refused", { hostname: BROADCAST, port: 9 });
  void socket.send(new Uint8Array(70_000), { port: 9 });
  await socket.close();
  void socket.send("after the end", { port: 9 });
  await settle();
});
