import { assertEquals } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createDatagramEndpoint, type DatagramTransport, openDatagrams } from "@sluice/net";
import { deadline } from "@std/async";
import { freePort } from "../../support/places/free_port.ts";
import {
  outputOf,
  PATIENCE_MS,
  talk,
  testWith,
  withPeer,
} from "../../support/peers/outside_peer.ts";

const PEER = new URL("../../support/peers/asyncio_datagram_peer.py", import.meta.url).pathname;
const SIZES = [1, 512, 1472, 9000, 60_000];

/** An echo server in the style of callbacks. */
async function echo(): Promise<DatagramTransport> {
  const { transport } = await createDatagramEndpoint(() => ({
    datagramReceived: (data, address) => void transport.sendto(data, address),
  }), { localAddr: { port: 0 } });
  return transport;
}

testWith("python3", "an asyncio client gets back what it sends, empty datagrams too", async () => {
  await using server = await echo();
  assertEquals(await outputOf("python3", [PEER, "connect", String(server.port)]), "same\n");
});

testWith("python3", "an asyncio server echoes what a socket sends", async () => {
  await withPeer("python3", [PEER, "serve"], /^(\d+)$/, async (port) => {
    await using socket = await openDatagrams({ remoteAddr: { port } });
    for (const size of SIZES) {
      const sent = new Uint8Array(size).map((_byte, index) => index % 251);
      await socket.send(sent);
      assertEquals((await socket.receive())?.data, sent);
    }
  });
});

testWith("socat", "socat gets an answer to what it sends", async () => {
  await using server = await echo();
  const address = `UDP:127.0.0.1:${server.port}`;
  assertEquals(await talk("socat", ["-", address], "hello\n", "hello\n"), "hello\n");
});

/**
 * Sends to socat, which answers one datagram; `false` if another program took the port meanwhile.
 */
async function isAnswered(port: number): Promise<boolean> {
  // It says on stderr that it listens, or that it cannot.
  const args = ["-c", `exec socat -d -d UDP-RECVFROM:${port},bind=127.0.0.1 EXEC:cat 2>&1`];
  let isTaken = false;
  await withPeer("sh", args, /receiving on|in use/, async (_port, _line, said) => {
    isTaken = said === "in use";
    if (isTaken) return;
    await using socket = await openDatagrams({ remoteAddr: { port } });
    await socket.send("hello");
    const answer = await deadline(socket.receive(), PATIENCE_MS);
    assertEquals(new TextDecoder().decode(answer?.data), "hello");
  });
  return !isTaken;
}

testWith("socat", "socat receives a datagram, and answers", async () => {
  while (!await isAnswered(freePort()));
});

Deno.test("a socket of node:dgram gets back what it sends, and its errors are its own", async () => {
  await using server = await echo();
  const socket = createSocket("udp4");
  const bound = once(socket, "listening");
  socket.bind(0, "127.0.0.1");
  await bound;
  for (const size of [0, ...SIZES]) {
    const sent = new Uint8Array(size).map((_byte, index) => index % 251);
    const answered = once(socket, "message");
    socket.send(sent, server.port, "127.0.0.1");
    const [data] = await answered;
    assertEquals(new Uint8Array(data), sent);
  }
  const closed = once(socket, "close");
  socket.close();
  await closed;
});
