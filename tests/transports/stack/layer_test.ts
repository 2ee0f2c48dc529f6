import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { removeLayer } from "../../../transports/stack/live_layers.ts";
import { type LayeredPair, layeredPair } from "../../support/pairs/layered_pair.ts";

/** Delivers each chunk when it is told to, and does not tell those below that it waits. */
class Late extends Layer {
  readonly deliver: (() => void)[] = [];

  override dataReceived(chunk: Bytes): void {
    this.deliver.push(() => void super.dataReceived(chunk));
  }
}

async function pairOn<L extends Layer>(
  make: (...args: ConstructorParameters<typeof Layer>) => L,
): Promise<LayeredPair & { readonly layer: L }> {
  const made: L[] = [];
  const pair = await layeredPair([(upper, options) => {
    const layer = make(upper, options);
    made.push(layer);
    return layer;
  }]);
  const [layer] = made;
  if (layer === undefined) throw new Error("No layer was made");
  return { ...pair, layer };
}

Deno.test("Layer cannot be used before it is connected", () => {
  assertThrows(() => new Layer({}).write("x"), InvalidStateError, "not connected yet");
});

Deno.test("Layer may deliver later than it received", async () => {
  const { layer, peer, protocol, close } = await pairOn((...args) => new Late(...args));
  peer.writelines(["one ", "two"]);
  await turns();
  assertEquals(protocol.receivedLength, 0);
  for (const deliver of layer.deliver.splice(0)) deliver();
  await protocol.untilReceived(7);
  await close();
});

Deno.test("Layer tells the end of data after bytes that wait in it, also when it is removed meanwhile", async () => {
  for (const isRemoved of [false, true]) {
    const { layer, transport, peer, protocol } = await pairOn((...args) => new Layer(...args));
    const work = Promise.withResolvers<void>();
    const heard: string[] = [];
    const busy = {
      dataReceived(chunk: Bytes): Promise<void> {
        heard.push(new TextDecoder().decode(chunk));
        return work.promise;
      },
      eofReceived: () => void heard.push("eof"),
      connectionLost: (error: Error | null) => protocol.connectionLost(error),
    };
    transport.setProtocol(busy, { unread: new TextEncoder().encode("unread") });
    await turns();
    transport.setProtocol(busy, { unread: new TextEncoder().encode("and more") });
    // The transport below does not know of those bytes, so the end comes while they wait.
    peer.writeEof();
    await turns();
    assertEquals(heard, ["unread"]);
    if (isRemoved) await removeLayer(layer);
    await turns();
    assertEquals(heard, ["unread"], "delivered before the promise settled");
    work.resolve();
    await transport.closed;
    assertEquals(heard, ["unread", "and more", "eof"]);
    await peer.closed;
  }
});

Deno.test("Layer.remove() does not tell the end of data twice", async () => {
  const { layer, transport, peer, protocol } = await pairOn((...args) => new Layer(...args));
  const keeping = new RecordingProtocol({ eofReceived: () => true });
  transport.setProtocol(keeping);
  peer.writeEof();
  await keeping.until("eofReceived");
  const below = await removeLayer(layer);
  await turns();
  assertEquals(keeping.count("eofReceived"), 1);
  below.close();
  await Promise.all([below.closed, peer.closed]);
  assertEquals(keeping.order, ["eofReceived", "connectionLost"]);
  assertEquals(protocol.order, ["connectionMade"]);
});

Deno.test("Layer that tells the end of data late has the peer end the connection", async () => {
  for (const depth of [1, 2]) {
    const layers = new Array(depth).fill((...args: ConstructorParameters<typeof Layer>) =>
      new Layer(...args)
    );
    const { transport, peer, protocol } = await layeredPair(layers);
    const keeping = new RecordingProtocol({ eofReceived: () => true });
    transport.setProtocol(keeping);
    peer.writeEof();
    await keeping.until("eofReceived");
    transport.setProtocol(protocol, { unread: new TextEncoder().encode("unread") });
    assertEquals((await transport.closed).endedBy, "peer");
    assertEquals(protocol.order, [
      "connectionMade",
      "dataReceived",
      "eofReceived",
      "connectionLost",
    ]);
    assertEquals(protocol.error, null);
    await peer.closed;
  }
});

Deno.test("Layer.remove() holds later bytes back while unread ones are delivered", async () => {
  const { layer, transport, peer, protocol } = await pairOn((...args) => new Layer(...args));
  const work = Promise.withResolvers<void>();
  const heard: string[] = [];
  const followed = Promise.withResolvers<void>();
  transport.setProtocol({
    dataReceived(chunk: Bytes): Promise<void> | void {
      heard.push(new TextDecoder().decode(chunk));
      if (heard.length === 1) return work.promise;
      if (heard.join("").endsWith("next")) followed.resolve();
    },
    connectionLost: (error: Error | null) => protocol.connectionLost(error),
  }, { unread: new TextEncoder().encode("unread ") });
  await turns();
  const below = await removeLayer(layer);
  peer.write("next");
  await turns();
  assertEquals(heard, ["unread "], "delivered before the promise settled");
  work.resolve();
  await followed.promise;
  assertEquals(heard.join(""), "unread next");
  assertEquals(below.isReading(), true);
  below.close();
  await Promise.all([below.closed, peer.closed]);
});

Deno.test("Layer.remove() hands a pause to the transport below, with the bytes that waited", async () => {
  const { layer, transport, peer, protocol } = await pairOn((...args) => new Layer(...args));
  const held = Promise.withResolvers<void>();
  layer.holdDelivery(held.promise);
  peer.write("held ");
  await turns();
  transport.pauseReading();
  held.resolve();
  await turns();
  const below = await removeLayer(layer);
  peer.write("next");
  await turns();
  assertEquals([below.isReading(), protocol.receivedLength], [false, 0]);
  below.resumeReading();
  await protocol.untilReceived(9);
  assertEquals(protocol.receivedText, "held next");
  below.close();
  await Promise.all([below.closed, peer.closed]);
});

Deno.test("Layer.remove() hands a pause to the transport below, with the end of data", async () => {
  const { layer, transport, peer, protocol } = await pairOn((...args) => new Layer(...args));
  const keeping = new RecordingProtocol({ eofReceived: () => true });
  transport.setProtocol(keeping);
  peer.writeEof();
  await keeping.until("eofReceived");
  transport.pauseReading();
  transport.setProtocol(protocol, { unread: new TextEncoder().encode("unread") });
  const below = await removeLayer(layer);
  await turns();
  assertEquals(protocol.order, ["connectionMade"]);
  below.resumeReading();
  assertEquals((await below.closed).endedBy, "peer");
  assertEquals(protocol.order, [
    "connectionMade",
    "dataReceived",
    "eofReceived",
    "connectionLost",
  ]);
  await peer.closed;
});

Deno.test("An exception in a layer's own callback is reported once and ends the connection with it", async () => {
  const failure = new Error("Thrown by a layer");
  class Failing extends Layer {
    override dataReceived(): void {
      throw failure;
    }
  }
  const { transport, peer, protocol, reported } = await pairOn((...args) => new Failing(...args));
  peer.write("x");
  assertStrictEquals((await transport.closed).error, failure);
  assertStrictEquals(protocol.error, failure);
  assertEquals(reported, [["dataReceived", failure]]);
  await peer.closed;
});

Deno.test("Bytes that are written to a removed layer go to the transport below", async () => {
  const { layer, transport, peerProtocol, close } = await pairOn((...args) => new Layer(...args));
  const old: Transport = transport;
  await removeLayer(layer);
  old.write("by the old name");
  await peerProtocol.untilReceived(15);
  assertEquals(old.isClosing(), false);
  await close();
  assertEquals(old.isClosing(), true);
});
