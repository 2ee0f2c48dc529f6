import { assertEquals, assertRejects } from "@std/assert";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";

Deno.test("memoryTransportPair() gives both transports with the protocols of the factories", async () => {
  const [a, b] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => new RecordingProtocol(),
  );
  assertEquals([a.protocol.calls, b.protocol.calls], [["connectionMade"], ["connectionMade"]]);
  a.transport.close();
  await b.transport.closed;
});

Deno.test("memoryTransportPair() names both ends in their addresses", async () => {
  const address = (name: string) => ({ transport: "memory" as const, name });
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  assertEquals(a.transport.getExtraInfo("sockname"), address("a"));
  assertEquals(a.transport.getExtraInfo("peername"), address("b"));
  assertEquals(b.transport.getExtraInfo("sockname"), address("b"));
  assertEquals(b.transport.getExtraInfo("socket"), null);
  a.transport.abort();

  const [c] = await memoryTransportPair(() => ({}), () => ({}), { names: ["left", "right"] });
  assertEquals(c.transport.getExtraInfo("peername"), address("right"));
  c.transport.abort();
});

Deno.test("memoryTransportPair() rejects with what a factory throws, and ends the other end", async () => {
  const fail = () => {
    throw new SyntaxError("On purpose");
  };
  await assertRejects(() => memoryTransportPair(fail, () => ({})), SyntaxError);
  const protocol = new RecordingProtocol();
  await assertRejects(() => memoryTransportPair(() => protocol, fail), SyntaxError);
  await protocol.until("connectionLost");
});

Deno.test("memoryTransportPair() rejects invalid options", async () => {
  await assertRejects(
    () => memoryTransportPair(() => ({}), () => ({}), { maxWriteBuffer: -1 }),
    RangeError,
  );
});
