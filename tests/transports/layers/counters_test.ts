import { assert, assertEquals } from "@std/assert";
import { counters, TrafficTotal } from "../../../transports/layers/counters.ts";
import { compression } from "../../../transports/layers/compression.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";

Deno.test("counters() counts bytes and chunks of each direction, live", async () => {
  const { transport, peer, protocol, close } = await layeredPair([counters()]);
  const traffic = transport.getExtraInfo("counters");
  assert(traffic !== null);
  assertEquals([traffic.sent.bytes, traffic.sent.firstAt, traffic.received.lastAt], [
    0,
    null,
    null,
  ]);
  transport.write("ü");
  transport.write("");
  transport.writelines(["one", "", new Uint8Array(2)]);
  assertEquals([traffic.sent.bytes, traffic.sent.chunks], [7, 3]);
  peer.write("12345");
  await protocol.untilReceived(5);
  assertEquals([traffic.received.bytes, traffic.received.chunks], [5, 1]);
  await close();
  transport.write("dropped");
  transport.writelines(["dropped"]);
  assertEquals(transport.getExtraInfo("counters")?.sent.bytes, 7);
});

Deno.test("counters() notes when the first and the last chunk went", async () => {
  const { transport, close } = await layeredPair([counters()]);
  const before = performance.now();
  transport.write("first");
  const between = performance.now();
  transport.write("last");
  const { firstAt = null, lastAt = null } = transport.getExtraInfo("counters")?.sent ?? {};
  assert(firstAt !== null && lastAt !== null);
  assert(before <= firstAt && firstAt <= between && between <= lastAt, `${firstAt}, ${lastAt}`);
  await close();
});

Deno.test("counters() sums up over connections", async () => {
  const total = new TrafficTotal();
  const pairs = [
    await layeredPair([counters({ total })]),
    await layeredPair([counters({ total })]),
  ];
  for (const { transport, peer, protocol } of pairs) {
    transport.write("four");
    peer.write("answer");
    await protocol.untilReceived(6);
  }
  assertEquals([total.sent.bytes, total.sent.chunks], [8, 2]);
  assertEquals([total.received.bytes, total.received.chunks], [12, 2]);
  for (const { close } of pairs) await close();
});

Deno.test("getExtraInfo() asks down the stack: the layers first, then the carrier", async () => {
  const { transport, close } = await layeredPair([counters(), compression({ format: "zstd" })]);
  transport.write("x".repeat(10_000));
  await close();
  assertEquals(transport.getExtraInfo("compression"), "zstd");
  assertEquals(transport.getExtraInfo("peername"), { transport: "memory", name: "b" });
  const sent = transport.getExtraInfo("counters")?.sent.bytes ?? 0;
  assert(sent > 0 && sent < 200, `${sent} bytes went over the wire`);
  assertEquals(transport.getExtraInfo("no such thing" as never, 7), 7);
});
