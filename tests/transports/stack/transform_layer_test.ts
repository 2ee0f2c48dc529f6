import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { flushed, turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import type { ByteTransform } from "../../../transports/stack/byte_transform.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { removeLayer } from "../../../transports/stack/live_layers.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";

const pass = (chunk: Bytes): Bytes => chunk;

/** A layer of the parts of a transform that matter; the rest lets bytes pass. */
function layerOf(parts: Partial<ByteTransform>): LayerFactory {
  return transformLayer(() => ({ encode: pass, decode: pass, ...parts }));
}

const text = (value: string): Bytes => new TextEncoder().encode(value);

Deno.test("transformLayer() sends what encodeStart gives first, and what encodeEnd gives last", async () => {
  const layer = layerOf({
    async *encodeStart(): AsyncGenerator<Bytes> {
      yield text("<");
      await Promise.resolve();
      yield text("<");
    },
    encodeEnd: () => Promise.resolve(text(">")),
  });
  for (const ending of ["writeEof", "close"] as const) {
    const { transport, peerProtocol, close } = await layeredPair([layer]);
    transport.write("body");
    transport[ending]();
    await peerProtocol.until("eofReceived");
    assertEquals(peerProtocol.receivedText, "<<body>");
    await close();
  }
});

Deno.test("transformLayer() counts bytes as sent once they have left the layers below as well", async () => {
  const encoding = Promise.withResolvers<void>();
  const slow = layerOf({ encode: (chunk) => encoding.promise.then(() => [chunk]) });
  const { transport, peerProtocol, close } = await layeredPair([slow, layerOf({})]);
  transport.write("seven b");
  await turns();
  assertEquals(transport.getWriteBufferSize(), 7);
  encoding.resolve();
  await flushed(transport);
  await peerProtocol.untilReceived(7);
  await close();
});

Deno.test("transformLayer() tells encodeEnd why, and calls it once", async () => {
  const why: string[] = [];
  const layer = layerOf({
    encodeEnd(reason): Bytes[] {
      why.push(reason);
      return [];
    },
  });
  const first = await layeredPair([layer]);
  first.transport.writeEof();
  await first.close();
  const second = await layeredPair([layer]);
  await removeLayer(second.transport);
  await second.close();
  const third = await layeredPair([layer]);
  third.transport.abort();
  await third.close();
  assertEquals(why, ["end", "leave"]);
});

Deno.test("transformLayer() takes arrays and generators of pieces, and drops empty ones", async () => {
  const layer = layerOf({
    encode: (chunk) => [new Uint8Array(0), chunk.subarray(0, 1), chunk.subarray(1)],
    *decode(chunk): Generator<Bytes> {
      yield new Uint8Array(0);
      yield chunk;
      yield new Uint8Array(0);
    },
  });
  const { transport, peer, protocol, peerProtocol, close } = await layeredPair([layer]);
  transport.write("there");
  peer.write("back");
  await Promise.all([peerProtocol.untilReceived(5), protocol.untilReceived(4)]);
  assertEquals([peerProtocol.receivedText, protocol.receivedText], ["there", "back"]);
  assertEquals(protocol.count("dataReceived"), 1);
  await close();
});

Deno.test("transformLayer() delivers what decodeEnd gives before the end of data", async () => {
  const kept: Bytes[] = [];
  const layer = layerOf({
    decode(chunk): Bytes[] {
      kept.push(chunk);
      return [];
    },
    decodeEnd: () => kept,
  });
  const { transport, peer, protocol } = await layeredPair([layer]);
  peer.write("kept");
  peer.close();
  assertEquals((await transport.closed).endedBy, "peer");
  assertEquals(protocol.receivedText, "kept");
  assertEquals(protocol.order.slice(1), ["dataReceived", "eofReceived", "connectionLost"]);
});

Deno.test("transformLayer() closes its transform once, however the connection ends", async () => {
  const endings: ((transport: Transport, peer: Transport) => unknown)[] = [
    (transport) => transport.close(),
    (transport) => transport.abort(),
    (transport) => transport.abort(new Error("A reason")),
    (_, peer) => peer.close(),
    (_, peer) => peer.abort(),
    (transport) => removeLayer(transport),
  ];
  for (const end of endings) {
    let closed = 0;
    const { transport, peer, close } = await layeredPair([layerOf({ close: () => void closed++ })]);
    await end(transport, peer);
    await close();
    assertEquals(closed, 1, `${end}`);
  }
});

Deno.test("transformLayer() encodes nothing more while the transport below is full", async () => {
  let encoded = 0;
  const layer = layerOf({
    encode(chunk): Bytes {
      encoded += chunk.length;
      return chunk;
    },
  });
  const { transport, peer, protocol, peerProtocol, close } = await layeredPair([layer]);
  peer.pauseReading();
  for (let i = 0; i < 40; i++) transport.write(new Uint8Array(100_000));
  await turns();
  assert(encoded < 700_000, `${encoded} bytes`);
  assertEquals(protocol.order.slice(1), ["pauseWriting"]);
  peer.resumeReading();
  await peerProtocol.untilReceived(4_000_000);
  await protocol.until("resumeWriting");
  await close();
});

Deno.test("transformLayer() decodes nothing more while the protocol above is busy or paused", async () => {
  let decoded = 0;
  const layer = layerOf({
    decode(chunk): Bytes {
      decoded += chunk.length;
      return chunk;
    },
  });
  const { transport, peer, protocol, close } = await layeredPair([layer]);
  transport.pauseReading();
  for (let i = 0; i < 40; i++) peer.write(new Uint8Array(100_000));
  await turns();
  assert(decoded < 300_000, `${decoded} bytes`);
  assertEquals(protocol.receivedLength, 0);
  transport.resumeReading();
  await protocol.untilReceived(4_000_000);
  await close();
});

Deno.test("transformLayer() goes on decoding after close() for a transform that needs it to encode", async () => {
  const answered = Promise.withResolvers<void>();
  let decoded = 0;
  const layer = layerOf({
    async encode(chunk): Promise<Bytes> {
      await answered.promise;
      return chunk;
    },
    decode(chunk): Bytes {
      if (++decoded === 3) answered.resolve();
      return chunk;
    },
  });
  const { transport, peer, protocol, peerProtocol } = await layeredPair([layer]);
  transport.write("after the answer");
  transport.close();
  await turns();
  for (const word of ["it", "takes", "three"]) {
    peer.write(word);
    await turns();
  }
  assertEquals((await transport.closed).error, null);
  await peer.closed;
  assertEquals(peerProtocol.receivedText, "after the answer");
  assertEquals(protocol.order, ["connectionMade", "connectionLost"]);
});

Deno.test("A transform layer that is closed from below ends in order, or as aborted if something was unsent", async () => {
  const endings = [
    ["close", 0, "local"],
    ["abort", 0, "abort"],
    ["abort", 1_000_000, "abort"],
  ] as const;
  for (const [ending, size, expected] of endings) {
    const bottoms: Transport[] = [];
    const [a, b] = await memoryTransportPair(
      () => new RecordingProtocol(),
      () => ({ connectionMade: (transport: Transport) => transport.pauseReading() }),
      {
        layers: [
          (upper, options) => {
            const lower = layerOf({})(upper, options);
            return {
              connectionMade(transport: Transport): void {
                bottoms.push(transport);
                transport.setProtocol(lower);
                lower.connectionMade?.(transport);
              },
            };
          },
        ],
      },
    );
    a.transport.write(new Uint8Array(size));
    await turns();
    bottoms[0]?.[ending]();
    const { endedBy, bytesUnsent } = await a.transport.closed;
    assertEquals([endedBy, bytesUnsent > 0], [expected, size > 0]);
    b.transport.abort();
    await b.transport.closed;
  }
});

Deno.test("transformLayer() cannot half-close over what cannot", async () => {
  const { transport } = await connectCarrier(() => ({}), {
    source: { next: () => new Promise(() => {}) },
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => {},
    getExtraInfo: () => undefined,
  }, { layers: [layerOf({})] });
  assertEquals(transport.canWriteEof(), false);
  transport.abort();
  await transport.closed;
});

Deno.test("transformLayer() answers getExtraInfo before what is below", async () => {
  const layer = layerOf({ getExtraInfo: (name) => name === "colour" ? "green" : undefined });
  const { transport, close } = await layeredPair([layer]);
  assertEquals(transport.getExtraInfo("colour" as never), "green");
  assertEquals(transport.getExtraInfo("peername"), { transport: "memory", name: "b" });
  assertStrictEquals(transport.getExtraInfo("taste" as never), null);
  await close();
});

Deno.test("transformLayer() ends a connection with a TypeError that names a wrong result", async () => {
  for (const odd of [undefined, null, 5, "text", {}, [5], [null]]) {
    for (const method of ["encode", "decode"] as const) {
      const pair = await layeredPair([
        transformLayer(() => ({
          encode: (chunk) => chunk,
          decode: (chunk) => chunk,
          [method]: () => odd as unknown as Bytes,
        })),
      ]);
      (method === "encode" ? pair.transport : pair.peer).write("x");
      const { error } = await pair.transport.closed;
      assert(error instanceof TypeError, `${method}: ${error}`);
      await pair.peer.closed;
    }
  }
});

Deno.test("transformLayer() lends chunks to a transform that borrows them, and copies parts it gives", async () => {
  const seen: Bytes[] = [];
  const layer = layerOf({
    borrowsChunks: true,
    async *decode(chunk): AsyncGenerator<Bytes> {
      seen.push(chunk);
      yield chunk.subarray(0, 3);
      await Promise.resolve();
      yield chunk.subarray(3);
    },
  });
  const { peer, protocol, close } = await layeredPair([layer]);
  const sent = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  peer.write(sent);
  await protocol.untilReceived(sent.length);
  await turns();
  assertEquals(protocol.receivedText, new TextDecoder().decode(sent));
  assert(seen.length > 0);
  for (const chunk of seen) assertEquals(chunk.length, 0);
  await close();
});
