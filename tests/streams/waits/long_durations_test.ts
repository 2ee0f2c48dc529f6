/**
 * Timers of JavaScript take 31 bits: a longer time fires after 1 ms, and so does `Infinity`. Each
 * option
 * that is a duration is given such times here; a few turns of the event loop later nothing may have
 * fired.
 */
import { assert, assertEquals } from "@std/assert";
import { turns } from "../../../testing/conformance/scene.ts";
import type { Transport } from "../../../protocols/contract.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { idleTimeout } from "../../../transports/layers/idle_timeout.ts";
import { minimumRate } from "../../../transports/layers/minimum_rate.ts";
import { proxyProtocol } from "../../../transports/layers/proxy/proxy_protocol.ts";
import { writeStallTimeout } from "../../../transports/layers/write_stall_timeout.ts";
import { connectProcess } from "../../../transports/processes/connect_process.ts";
import { connectWebSocket } from "../../../transports/carriers/connect_web_socket.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { tlsLayer } from "../../../transports/tls/tls_layer.ts";
import { relay } from "../../../streams/relay.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";

const LONG: readonly number[] = [2 ** 31, 30 * 86_400_000, Infinity];

/** A pair in memory whose second end does not read. */
async function stalledPair(layers: readonly LayerFactory[] = []): Promise<[Transport, Transport]> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  b.transport.pauseReading();
  for (const layer of layers) {
    const lower = layer({}, {});
    a.transport.setProtocol(lower);
    lower.connectionMade?.(a.transport);
    if (lower instanceof Layer) return [lower, b.transport];
  }
  return [a.transport, b.transport];
}

/** Uses a duration, and tells when its time must not have run out. */
const USES: Record<string, (ms: number) => Promise<void>> = {
  "idleTimeout({ timeout })": (timeout) => staysOpen(idleTimeout({ timeout })),
  "writeStallTimeout({ timeout })": (timeout) => staysOpen(writeStallTimeout({ timeout })),
  "minimumRate({ window })": (window) => staysOpen(minimumRate({ rate: 1, window })),
  "proxyProtocol({ headerTimeout })": (headerTimeout) =>
    staysOpen(proxyProtocol({ headerTimeout })),
  "tlsLayer({ handshakeTimeout })": (handshakeTimeout) =>
    staysOpen(tlsLayer({ serverName: "localhost", handshakeTimeout })),
  "StreamConnection.close({ timeout })": async (timeout) => {
    const [a, b] = await stalledPair();
    const connection = StreamConnection.over(a);
    connection.writer.write(new Uint8Array(1_000_000));
    const closing = connection.close({ timeout });
    await turns();
    b.resumeReading();
    assertEquals((await closing).bytesUnsent, 0);
    await b.closed;
  },
  "Server.shutdown({ grace })": async (grace) => {
    const made = Promise.withResolvers<Transport>();
    const server = await createServer(() => ({ connectionMade: made.resolve }), { port: 0 });
    const { transport } = await createConnection(() => ({}), {
      port: server.port,
      connectTimeout: grace,
    });
    await made.promise;
    const shutdown = server.shutdown({ grace });
    await turns();
    transport.close();
    assertEquals(await shutdown, { finished: 1, aborted: 0 });
  },
  "relay(…, { idleTimeout })": async (idleTimeout) => {
    const [a, farA] = await memoryTransportPair(() => ({}), () => ({}));
    const [b, farB] = await memoryTransportPair(() => ({}), () => ({}));
    const ends = [a, b].map(({ transport }) => StreamConnection.over(transport));
    const [one, other] = ends;
    assert(one !== undefined && other !== undefined);
    const relaying = relay(one, other, { idleTimeout });
    await turns();
    for (const { transport } of [farA, farB]) transport.close();
    const { forward, backward } = await relaying;
    assertEquals([forward.reason, backward.reason], ["eof", "eof"]);
  },
  "connectProcess({ exitTimeout })": async (exitTimeout) => {
    const { transport, exited } = await connectProcess(() => ({}), Deno.execPath(), {
      // It ends only after its input has, and some time later.
      args: ["eval", "await new Response(Deno.stdin.readable).text(); setTimeout(() => {}, 100)"],
      exitTimeout,
    });
    transport.close();
    assertEquals((await exited).signal, null);
    await transport.closed;
  },
  "connectWebSocket({ connectTimeout })": async (connectTimeout) => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => socket.close();
      return response;
    });
    const url = `ws://127.0.0.1:${server.addr.port}`;
    const { transport } = await connectWebSocket(() => ({}), url, { connectTimeout });
    await transport.closed;
    await server.shutdown();
  },
};

/** Whether a connection over a layer goes on, with bytes queued and none coming in. */
async function staysOpen(layer: LayerFactory): Promise<void> {
  const [top, peer] = await stalledPair([layer]);
  top.write(new Uint8Array(1_000_000));
  await turns();
  assert(!top.isClosing());
  top.abort();
  peer.abort();
  await peer.closed;
}

for (const [name, use] of Object.entries(USES)) {
  for (const ms of LONG) Deno.test(`${name} of ${ms} ms does not run out at once`, () => use(ms));
}
