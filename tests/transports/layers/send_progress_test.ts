import { assert, assertEquals } from "@std/assert";
import { createConnection } from "../../../transports/create_connection.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { IdleTimer } from "../../../transports/layers/idle_timer.ts";
import { systemSendQueue } from "../../../transports/layers/_send_progress.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";
import { turn } from "../../support/time/event_loop.ts";

for (const network of [denoNetwork, nodeNetwork]) {
  for (const hostname of ["127.0.0.1", "::1"]) {
    Deno.test({
      name: `systemSendQueue() tells what a peer at ${hostname} has not taken, on ${network.name}`,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const listener = Deno.listen({ hostname, port: 0 });
        const { port } = listener.addr as Deno.NetAddr;
        const { transport } = await createConnection(() => ({}), { hostname, port, network });
        const peer = await listener.accept();
        assertEquals(await systemSendQueue(transport), 0);
        transport.write(new Uint8Array(30_000_000));
        // The peer reads nothing: the system keeps what it has taken.
        let queued: number | null = 0;
        while (queued === 0) queued = await systemSendQueue(transport);
        assert(queued !== null && queued > 0);
        transport.abort();
        await transport.closed;
        peer.close();
        listener.close();
      },
    });
  }
}

Deno.test("systemSendQueue() knows nothing of a connection that is not a TCP socket", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  assertEquals(systemSendQueue(a.transport), null);
  for (const { transport } of [a, b]) transport.abort();
  await Promise.all([a.transport.closed, b.transport.closed]);
});

Deno.test("IdleTimer counts bytes that leave long after they were written", async () => {
  const clock = new ManualClock();
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  b.transport.pauseReading();
  a.transport.write(new Uint8Array(1_000_000));
  let idle = 0;
  const timer = new IdleTimer(1000, () => idle++, clock, [a.transport]);
  clock.advance(900);
  b.transport.resumeReading();
  while (a.transport.getWriteBufferSize() > 0) await turn();
  clock.advance(900);
  assertEquals(idle, 0);
  clock.advance(100);
  assertEquals(idle, 1);
  timer.stop();
  for (const { transport } of [a, b]) transport.abort();
  await Promise.all([a.transport.closed, b.transport.closed]);
});
