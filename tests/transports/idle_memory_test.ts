import { assert } from "@std/assert";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import { startServer } from "../../streams/servers/start_server.ts";
import { createServer } from "../../transports/create_server.ts";
import { denoNetwork } from "../../transports/networks/deno_network.ts";
import type { Network } from "../../transports/networks/network.ts";
import { nodeNetwork } from "../../transports/networks/node_network.ts";
import type { Server } from "../../transports/servers/server.ts";
import { Echo } from "../support/peers/echo.ts";
import { testAlone } from "../support/runs/alone_test.ts";
import { makeCollector } from "../support/runs/collect_garbage.ts";
import { settle } from "../support/time/event_loop.ts";

const CONNECTIONS = 1000;
const AT_A_TIME = 50;

async function echo({ reader, writer }: StreamConnection): Promise<void> {
  for (let data = await reader.read(1024); data.length > 0; data = await reader.read(1024)) {
    writer.write(data);
    await writer.drain();
  }
}

const SERVERS: Readonly<Record<string, (network: Network) => Promise<Server>>> = {
  Protocol: (network) => createServer(() => new Echo(), { port: 0, network }),
  StreamConnection: (network) => startServer(echo, { port: 0, network }),
};

/** Connects and has a few bytes echoed. */
async function visit(port: number): Promise<Deno.Conn> {
  const conn = await Deno.connect({ port });
  await conn.write(new Uint8Array(64));
  await conn.read(new Uint8Array(64));
  return conn;
}

async function visits(port: number, count: number): Promise<Deno.Conn[]> {
  const conns: Deno.Conn[] = [];
  while (conns.length < count) {
    conns.push(...await Promise.all(Array.from({ length: AT_A_TIME }, () => visit(port))));
  }
  return conns;
}

/** The bytes of heap that each of many idle connections takes, with the `Deno.Conn` of its peer. */
async function idleMemory(server: Server): Promise<number> {
  const collect = makeCollector();
  const measure = async () => {
    await settle();
    collect();
    return Deno.memoryUsage().heapUsed;
  };
  // Some first: their code stays.
  const conns = await visits(server.port, CONNECTIONS / 2);
  const before = await measure();
  conns.push(...await visits(server.port, CONNECTIONS));
  const after = await measure();
  for (const conn of conns) conn.close();
  await server.shutdown();
  return (after - before) / CONNECTIONS;
}

// Measured, and a tenth more: what a connection makes before it needs it, all idle ones hold.
const LIMITS: readonly [network: Network, api: string, bytes: number][] = [
  [denoNetwork, "Protocol", 5200],
  [denoNetwork, "StreamConnection", 7800],
  [nodeNetwork, "Protocol", 4100],
  [nodeNetwork, "StreamConnection", 6700],
];

for (const [network, api, limit] of LIMITS) {
  const name = `An idle ${api} on ${network.name} holds at most ${limit} bytes`;
  testAlone(import.meta.url, name, async () => {
    const server = await SERVERS[api]?.(network);
    assert(server !== undefined);
    const bytes = await idleMemory(server);
    assert(bytes <= limit, `${bytes} bytes`);
  });
}
