import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { turns } from "../../../testing/conformance/scene.ts";
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

Deno.test("insertLayer() has a layer that waits for bytes get them although reading is paused, and keeps the pause above it", async () => {
  /** Comes up with the first chunk. */
  class Late extends Layer {
    #below: Transport | null = null;
    override connectionMade(inner: Transport): void {
      this.#below = inner;
    }
    override dataReceived(chunk: Bytes): void | Promise<void> {
      if (this.#below === null) return super.dataReceived(chunk);
      super.connectionMade(this.#below);
      this.#below = null;
    }
  }
  for (const isPausedBefore of [true, false]) {
    const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
    if (isPausedBefore) b.transport.pauseReading();
    const inserting = insertLayer(b.transport, (upper, options) => new Late(upper, options));
    if (!isPausedBefore) b.transport.pauseReading();
    a.transport.write("header");
    const top = await inserting;
    a.transport.write("body");
    await turns();
    assertEquals([top.isReading(), b.protocol.receivedLength], [false, 0]);
    top.resumeReading();
    await b.protocol.untilReceived(4);
    assertEquals(b.protocol.receivedText, "body");
    top.close();
    await Promise.all([top.closed, a.transport.closed]);
  }
});
