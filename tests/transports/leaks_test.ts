import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../protocols/contract.ts";
import { createConnection } from "../../transports/create_connection.ts";
import { createServer } from "../../transports/create_server.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { settle } from "../support/time/event_loop.ts";
import { testAlone } from "../support/runs/alone_test.ts";
import { makeCollector } from "../support/runs/collect_garbage.ts";
import { Echo } from "../support/peers/echo.ts";

const CONNECTIONS = 5000;
const AT_A_TIME = 50;

/** How many file descriptors this process has open; -1 where that cannot be told. */
async function countDescriptors(): Promise<number> {
  if (Deno.build.os !== "linux") return -1;
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

/** Connects, exchanges a few bytes, and ends in one of several ways. */
async function visit(port: number, way: number): Promise<WeakRef<Transport>> {
  const answered = Promise.withResolvers<void>();
  const { transport } = await createConnection(
    () => ({ dataReceived: () => answered.resolve() }),
    { port },
  );
  transport.write("hello");
  await answered.promise;
  if (way === 0) transport.close();
  else if (way === 1) transport.writeEof();
  else transport.abort();
  await transport.closed;
  return new WeakRef(transport);
}

testAlone(
  import.meta.url,
  "5,000 connections leave neither descriptors nor memory behind",
  async () => {
    const collect = makeCollector();
    const server = await createServer(() => new Echo(), { port: 0 });
    const references: WeakRef<Transport>[] = [];
    let descriptors = 0;
    let memory = 0;
    for (let done = 0; done < CONNECTIONS; done += AT_A_TIME) {
      const batch = Array.from({ length: AT_A_TIME }, (_, i) => visit(server.port, i % 3));
      references.push(...await Promise.all(batch));
      if (done === CONNECTIONS / 10) {
        // By now everything is warm that is going to stay.
        collect();
        memory = Deno.memoryUsage().heapUsed;
        descriptors = await countDescriptors();
      }
    }
    await Promise.all(Array.from(server.connections, ({ closed }) => closed));
    await settle();
    collect();
    const alive = references.filter((reference) => reference.deref() !== undefined).length;
    const grown = Deno.memoryUsage().heapUsed - memory;
    assert(alive <= AT_A_TIME, `${alive} transports are still held`);
    // 4,500 connections more: a leak of 1 KiB each would be more than this.
    assert(grown < 2_000_000, `${grown} bytes more are held`);
    assert(await countDescriptors() <= descriptors + 2);
    assertEquals(server.connections.size, 0);
    await server.shutdown();
  },
);

testAlone(import.meta.url, "Transports in memory are collected once they have ended", async () => {
  const collect = makeCollector();
  const references: WeakRef<Transport>[] = [];
  for (let i = 0; i < 100; i++) {
    const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
    a.transport.write(new Uint8Array(100_000));
    if (i % 2 === 0) a.transport.close();
    else b.transport.abort();
    await Promise.all([a.transport.closed, b.transport.closed]);
    references.push(new WeakRef(a.transport), new WeakRef(b.transport));
  }
  await settle();
  collect();
  const alive = references.filter((reference) => reference.deref() !== undefined).length;
  assert(alive <= 4, `${alive} transports are still held`);
});
