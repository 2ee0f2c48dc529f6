import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer } from "../../../transports/stack/live_layers.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";

Deno.test("insertLayer() rejects with what the layer's connectionMade() throws, and ends the connection with it", async () => {
  const failure = new Error("cannot begin");
  class Failing extends Layer {
    override connectionMade(): void {
      throw failure;
    }
  }
  const [a, b] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => new RecordingProtocol(),
  );
  const inserted = insertLayer(a.transport, (upper, options) => new Failing(upper, options));
  assertStrictEquals(await assertRejects(() => inserted), failure);
  await Promise.all([a.transport.closed, b.transport.closed]);
  assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
  assertStrictEquals(a.protocol.error, failure);
});
