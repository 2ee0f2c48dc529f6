import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { ProtocolCallbacks } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import type { ByteTransform } from "../../../transports/stack/byte_transform.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { identity } from "../../support/pairs/sample_layers.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";

/** A layer that inverts every byte, with more parts of a transform. */
function inverting(parts: Partial<ByteTransform> = {}): LayerFactory {
  const invert = (chunk: Bytes): Bytes => chunk.map((byte) => ~byte);
  return transformLayer(() => ({ encode: invert, decode: invert, ...parts }));
}

/** Works on each chunk until it is released. */
class Busy implements ProtocolCallbacks {
  readonly work: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly heard: string[] = [];

  dataReceived(chunk: Bytes): Promise<void> {
    this.heard.push(new TextDecoder().decode(chunk));
    return this.work.promise;
  }

  pauseWriting(): void {
    this.heard.push("pauseWriting");
  }

  resumeWriting(): void {
    this.heard.push("resumeWriting");
  }
}

Deno.test("removeLayer() in any microtask after a write encodes what was written before, and no more", async () => {
  for (let microtasks = 0; microtasks <= 40; microtasks++) {
    const { transport, peerProtocol, close } = await layeredPair([inverting()]);
    transport.write("x");
    for (let i = 0; i < microtasks; i++) await null;
    const removing = removeLayer(transport);
    let isRemoved = false;
    void removing.then(() => isRemoved = true);
    await turns();
    assert(isRemoved, `not removed when asked to after ${microtasks} microtasks`);
    transport.write("y");
    await peerProtocol.untilReceived(2);
    assertEquals([...peerProtocol.received], [~120 & 255, 121], `${microtasks} microtasks`);
    await close();
  }
});

Deno.test("removeLayer() rejects after writeEof(), and reading goes on", async () => {
  const { transport, peer, protocol, peerProtocol } = await layeredPair([identity()]);
  peer.setProtocol({
    eofReceived: () => {
      peerProtocol.eofReceived();
      return true;
    },
  });
  transport.writeEof();
  await peerProtocol.until("eofReceived");
  await assertRejects(() => removeLayer(transport), InvalidStateError, "writeEof() was called");
  peer.write("still there");
  peer.close();
  assertEquals((await transport.closed).error, null);
  assertEquals(protocol.receivedText, "still there");
  assertEquals(protocol.count("eofReceived"), 1);
  await peer.closed;
});

Deno.test("removeLayer() rejects if writeEof() is called before the transform has left, and reading goes on", async () => {
  const left = Promise.withResolvers<Bytes>();
  const layer = inverting({ decode: (chunk) => chunk, leave: () => left.promise });
  const { transport, peer, protocol } = await layeredPair([layer]);
  const rejected = assertRejects(() => removeLayer(transport), InvalidStateError);
  await turns();
  peer.setProtocol({ eofReceived: () => true });
  transport.writeEof();
  left.resolve(new Uint8Array(0));
  await rejected;
  peer.write("still there");
  peer.close();
  await transport.closed;
  assertEquals(protocol.receivedText, "still there");
  await peer.closed;
});

Deno.test("removeLayer() lets the end of writing pass that comes while the protocol is busy", async () => {
  const { transport, peer, peerProtocol } = await layeredPair([identity()]);
  const busy = new Busy();
  transport.setProtocol(busy);
  peer.write("one");
  await turns();
  const removing = removeLayer(transport);
  await turns();
  peer.setProtocol({
    eofReceived: () => {
      peerProtocol.eofReceived();
      return true;
    },
  });
  transport.writeEof();
  await peerProtocol.until("eofReceived");
  busy.work.resolve();
  const below = await removing;
  peer.write("two");
  peer.close();
  assertEquals((await below.closed).error, null);
  assertEquals(busy.heard, ["one", "two"]);
  await peer.closed;
});

Deno.test("removeLayer() has a writer wait for room while the transform leaves or the protocol is busy", async () => {
  const size = 20 * 1024 * 1024;
  for (const isBusy of [false, true]) {
    const left = Promise.withResolvers<Bytes>();
    const layer = isBusy ? identity() : inverting({ leave: () => left.promise });
    const { transport, peer, peerProtocol, reported, close } = await layeredPair([layer]);
    const busy = new Busy();
    let room = Promise.withResolvers<void>();
    room.resolve();
    transport.setProtocol({
      dataReceived: () => busy.work.promise,
      pauseWriting: () => room = Promise.withResolvers<void>(),
      resumeWriting: () => room.resolve(),
    });
    if (isBusy) peer.write("work");
    await turns();
    peer.pauseReading();
    const removing = removeLayer(transport);
    await turns();
    let written = 0;
    const writing = (async () => {
      for (; written < size; written += 65_536) {
        transport.write(new Uint8Array(65_536));
        await room.promise;
      }
    })();
    await turns(20);
    assert(written < 2 * 1024 * 1024, `${written} bytes were written`);
    left.resolve(new Uint8Array(0));
    busy.work.resolve();
    peer.resumeReading();
    await Promise.all([removing, writing, peerProtocol.untilReceived(size)]);
    assertEquals(peerProtocol.receivedLength, size);
    assertEquals(peerProtocol.received.findIndex((byte) => byte !== 0), -1);
    assertEquals(reported, []);
    await close();
  }
});

Deno.test("removeLayer() at both ends at once does not wait for room that neither makes", async () => {
  const { transport, peer, protocol, peerProtocol, close } = await layeredPair([identity()]);
  const other = await insertLayer(peer, identity());
  await turns(1);
  for (const top of [transport, other]) top.pauseReading();
  for (const top of [transport, other]) {
    for (let i = 0; i < 20; i++) top.write(new Uint8Array(50_000));
  }
  await turns();
  const removing = [transport, other].map((top) => removeLayer(top));
  for (const top of [transport, other]) {
    for (let i = 0; i < 20; i++) top.write(new Uint8Array(50_000));
  }
  for (const top of [transport, other]) top.resumeReading();
  await Promise.all(removing);
  await Promise.all([protocol.untilReceived(2_000_000), peerProtocol.untilReceived(2_000_000)]);
  await close();
});

Deno.test("removeLayer() does not wait for a peer that takes more only as its answers are read", async () => {
  const size = 3_000_000;
  const { transport, peer, protocol, close } = await layeredPair([identity()]);
  peer.setProtocol({
    dataReceived: (chunk) => void peer.write(chunk),
    pauseWriting: () => peer.pauseReading(),
    resumeWriting: () => peer.resumeReading(),
  });
  transport.write(new Uint8Array(size / 3));
  const removing = removeLayer(transport);
  transport.write(new Uint8Array(2 * size / 3));
  await removing;
  await protocol.untilReceived(size);
  await close();
});

Deno.test("removeLayer() keeps what the protocol says of reading meanwhile", async () => {
  for (const isReading of [false, true]) {
    const { transport, peer, close } = await layeredPair([identity()]);
    const busy = new Busy();
    transport.setProtocol(busy);
    peer.write("one");
    await turns();
    if (isReading) transport.pauseReading();
    const removing = removeLayer(transport);
    await turns();
    assertEquals(transport.isReading(), !isReading);
    if (isReading) transport.resumeReading();
    else transport.pauseReading();
    assertEquals(transport.isReading(), isReading);
    peer.write("two");
    await turns();
    busy.work.resolve();
    const below = await removing;
    assertEquals(below.isReading(), isReading);
    await turns();
    assertEquals(busy.heard, isReading ? ["one", "two"] : ["one"]);
    below.resumeReading();
    await turns();
    assertEquals(busy.heard, ["one", "two"]);
    await close();
  }
});
