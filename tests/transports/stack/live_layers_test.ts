import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { assertSameBytes } from "../../../testing/conformance/same_bytes.ts";
import { flushed, turns } from "../../../testing/conformance/scene.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { proxyProtocol } from "../../../transports/layers/proxy/proxy_protocol.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { tcpPair } from "../../support/pairs/transport_pairs.ts";
import { doubling, framing, identity, passThrough } from "../../support/pairs/sample_layers.ts";

const CARRIERS: Record<string, MakeTransportPair> = { memory: memoryTransportPair, TCP: tcpPair };

/** One end: its recorder, and the transport that is on top of its layers now. */
interface LiveEnd {
  readonly protocol: RecordingProtocol;
  top: Transport;
}

async function live(
  makePair: MakeTransportPair,
  options: Parameters<MakeTransportPair>[2] = {},
): Promise<[LiveEnd, LiveEnd, () => Promise<void>]> {
  const [a, b] = [new RecordingProtocol(), new RecordingProtocol()];
  const [endA, endB, cleanup] = await makePair(() => a, () => b, options);
  const ends: [LiveEnd, LiveEnd] = [
    { protocol: a, top: endA.transport },
    { protocol: b, top: endB.transport },
  ];
  return [...ends, async () => {
    for (const { top } of ends) top.close();
    await Promise.all(ends.map(({ top }) => top.closed));
    await cleanup?.();
  }];
}

/** Sends in pieces of any size, with pauses in between. */
async function send(random: Random, end: LiveEnd, bytes: Bytes): Promise<void> {
  for (const piece of random.split(bytes, 1, 20_000)) {
    if (end.top.isClosing()) throw new Error("The connection was lost");
    end.top.write(piece);
    if (random.below(3) === 0) await turns(1);
    if (end.top.getWriteBufferSize() > 65_536) await flushed(end.top);
  }
}

/**
 * Pauses reading for some turns. A removal sends what was written before, for which the other end
 * has
 * to read: two ends that stay paused until their removals are done would wait for each other.
 */
async function pauseFor(count: number, transport: Transport): Promise<void> {
  transport.pauseReading();
  await turns(count);
  transport.resumeReading();
}

/**
 * Puts layers in and takes them out at any moment, pausing and resuming reading in between, until
 * told to stop.
 */
async function restackAtRandom(
  random: Random,
  end: LiveEnd,
  isOver: () => boolean,
): Promise<number> {
  const below: Transport[] = [];
  let changes = 0;
  while (!isOver() || below.length > 0) {
    await turns(random.below(3));
    const resumed = random.below(4) === 0 ? pauseFor(random.below(8), end.top) : null;
    if (below.length < 3 && !isOver() && random.below(2) === 0) {
      below.push(end.top);
      end.top = await insertLayer(end.top, random.pick(identity, passThrough)());
    } else if (below.length > 0) {
      const expected = below.pop();
      end.top = await removeLayer(end.top);
      assertStrictEquals(end.top, expected);
    }
    changes++;
    await resumed;
    end.top.resumeReading();
  }
  return changes;
}

for (const [name, makePair] of Object.entries(CARRIERS)) {
  for (let seed = 1; seed <= 6; seed++) {
    Deno.test(`insertLayer() and removeLayer() at any moment lose and move no byte: ${name}, seed ${seed}`, async () => {
      const random = new Random(seed);
      const [a, b, end] = await live(makePair);
      const [there, back] = [random.bytes(1_000_000), random.bytes(1_000_000)];
      let isOver = false;
      const restacking = [a, b].map((each) => restackAtRandom(random, each, () => isOver));
      await Promise.all([send(random, a, there), send(random, b, back)]);
      isOver = true;
      const changes = await Promise.all(restacking);
      await Promise.all([
        b.protocol.untilReceived(there.length),
        a.protocol.untilReceived(back.length),
      ]);
      assert(Math.min(...changes) > 3, `${changes} changes`);
      assertSameBytes(b.protocol.received, there);
      assertSameBytes(a.protocol.received, back);
      for (const { protocol } of [a, b]) {
        assertEquals(protocol.count("pauseWriting"), protocol.count("resumeWriting"));
      }
      await end();
      assertEquals([a.protocol.error, b.protocol.error], [null, null]);
    });
  }
}

Deno.test("insertLayer() below a layer has that layer write to the new one", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  const tops = await Promise.all([a, b].map(async (each) => {
    const bottom = each.top;
    each.top = await insertLayer(bottom, passThrough());
    each.top = await insertLayer(each.top, doubling());
    // Below both of them.
    return await insertLayer(bottom, doubling());
  }));
  a.top.write("through all three");
  await b.protocol.untilReceived(17);
  assertEquals(b.protocol.receivedText, "through all three");
  // Out of the middle of the stack again.
  await Promise.all(tops.map((top) => removeLayer(top)));
  a.top.write(" and two");
  await b.protocol.untilReceived(25);
  assertEquals(b.protocol.receivedText, "through all three and two");
  await end();
});

Deno.test("insertLayer() hands unread bytes to the layer first", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  a.top = await insertLayer(a.top, doubling(), { unread: new TextEncoder().encode("uunn") });
  b.top = await insertLayer(b.top, doubling());
  b.top.write("read");
  await a.protocol.untilReceived(6);
  assertEquals(a.protocol.receivedText, "unread");
  await end();
});

for (const [name, layer] of Object.entries({ doubling, passThrough })) {
  Deno.test(`insertLayer() gives its transport before a byte comes through it: ${name}`, async () => {
    const given: Transport[] = [];
    const seen = Promise.withResolvers<Transport | undefined>();
    const [a, b] = await memoryTransportPair(
      () => ({ dataReceived: () => seen.resolve(given[0]) }),
      () => ({}),
    );
    const top = await insertLayer(a.transport, layer(), {
      unread: new TextEncoder().encode("aabb"),
    });
    given.push(top);
    assertStrictEquals(await seen.promise, top);
    top.close();
    await Promise.all([top.closed, b.transport.closed]);
  });
}

Deno.test("insertLayer() keeps a pause of reading until the layer's transport resumes", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  b.top.pauseReading();
  a.top.write("held");
  await flushed(a.top);
  b.top = await insertLayer(b.top, identity());
  assertEquals(b.top.isReading(), false);
  await turns();
  assertEquals(b.protocol.receivedLength, 0);
  b.top.resumeReading();
  await b.protocol.untilReceived(4);
  await end();
});

Deno.test("insertLayer() resumes a paused writer where the layer has room, removeLayer() pauses it again", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  b.top.pauseReading();
  a.top.write(new Uint8Array(200_000));
  assertEquals(a.protocol.order, ["connectionMade", "pauseWriting"]);
  a.top = await insertLayer(a.top, identity());
  assertEquals(a.protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
  a.top = await removeLayer(a.top);
  assertEquals(a.protocol.order.slice(3), ["pauseWriting"]);
  b.top.resumeReading();
  await b.protocol.untilReceived(200_000);
  await a.protocol.until("resumeWriting", { count: 2 });
  await end();
});

Deno.test("insertLayer() rejects on a connection that is closing, or whose writing has ended", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  a.top.writeEof();
  await assertRejects(() => insertLayer(a.top, identity()), InvalidStateError);
  b.top.close();
  await assertRejects(() => insertLayer(b.top, identity()), ConnectionLostError, "closing");
  await assertRejects(() => insertLayer(b.top, passThrough()), ConnectionLostError, "closing");
  await end();
});

Deno.test("insertLayer() rejects if the connection is lost before the layer is ready, and tells the protocol", async () => {
  const [a, b, end] = await live(memoryTransportPair);
  // Waits for a byte before it comes up.
  const slow: LayerFactory = (upper, options) => new SlowLayer(upper, options);
  const inserting = insertLayer(a.top, slow);
  b.top.abort();
  await assertRejects(() => inserting, ConnectionLostError);
  await a.protocol.until("connectionLost");
  await end();
});

class SlowLayer extends Layer {
  override connectionMade(inner: Transport): void {
    this.inner = inner;
  }
}

Deno.test("removeLayer() of a layer with an end of its own gives back what follows, wherever it is split", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const [a, b, end] = await live(memoryTransportPair, { layers: [framing()] });
    const [first, second] = [
      random.bytes(random.below(3000)),
      random.bytes(1 + random.below(3000)),
    ];
    const removed = removeLayer(b.top).then((top) => b.top = top);
    const sending = send(random, a, first);
    await sending;
    const removing = removeLayer(a.top);
    // Until the layer is out what is written goes after its end, and through the old transport too.
    for (const piece of random.split(second, 1, 1000)) a.top.write(piece);
    // The other direction has to end as well.
    a.top = await removing;
    await removed;
    await b.protocol.untilReceived(first.length + second.length);
    assertSameBytes(b.protocol.received.subarray(first.length), second);
    assertSameBytes(b.protocol.received.subarray(0, first.length), first);
    await end();
  }
});

Deno.test("removeLayer() rejects for a transport that is not a layer, for a second removal and after the end of data", async () => {
  const [a, b, end] = await live(memoryTransportPair, { layers: [identity()] });
  const removing = removeLayer(a.top);
  await assertRejects(() => removeLayer(a.top), InvalidStateError, "being removed");
  const bottom = await removing;
  await assertRejects(() => removeLayer(bottom), TypeError, "the transport has none");
  b.protocol.transport.writeEof();
  await b.top.closed;
  await assertRejects(() => removeLayer(b.top), ConnectionLostError, "closing");
  await end();
});

Deno.test("removeLayer() rejects if the connection is lost while a layer holds bytes", async () => {
  const [a, b, end] = await live(memoryTransportPair, { layers: [framing()] });
  const removing = removeLayer(a.top);
  b.top.abort();
  await assertRejects(() => removing, ConnectionLostError);
  await end();
});

Deno.test("A transport whose layer was removed goes on forwarding to the one below", async () => {
  const [a, b, end] = await live(memoryTransportPair, { layers: [identity()] });
  const old = a.top;
  const closed = old.closed;
  a.top = await removeLayer(old);
  old.write("by the old name");
  await b.protocol.untilReceived(15);
  old.close();
  assertEquals((await closed).endedBy, "local");
  assertEquals((await old.closed).bytesWritten, (await a.top.closed).bytesWritten);
  assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
  await end();
});

Deno.test("An exception in encode or decode is reported once and ends the connection with it", async () => {
  for (const where of ["encode", "decode"] as const) {
    const failure = new SyntaxError(`Thrown by ${where}`);
    const reported: unknown[] = [];
    const pass = (chunk: Bytes) => chunk;
    const layer = transformLayer(() => ({
      encode: pass,
      decode: pass,
      [where]: () => {
        throw failure;
      },
    }));
    const options = {
      layers: [layer],
      onError: (error: Error, { callback }: { callback: string }) => reported.push(callback, error),
    };
    const [a, b, end] = await live(memoryTransportPair, options);
    a.top.write("x");
    const failing = where === "encode" ? a : b;
    const { error, endedBy } = await failing.top.closed;
    assertStrictEquals(error, failure);
    assertEquals(endedBy, "error");
    await end();
    assertEquals(reported, [where, failure]);
  }
});

Deno.test("insertLayer() rejects when a layer below the inserted transform loses the connection", async () => {
  const [a, b] = await memoryTransportPair(() => new RecordingProtocol(), () => ({}));
  const inserted = insertLayer(
    a.transport,
    // The header that the lower layer waits for never comes, so the upper one is never told of a
    // connection.
    (upper, options) => proxyProtocol()(identity()(upper, options), options),
    { onError: () => {} },
  );
  b.transport.abort();
  await assertRejects(() => inserted);
  await a.protocol.until("connectionLost");
  assertEquals(a.protocol.count("connectionLost"), 1);
  await Promise.all([a.transport.closed, b.transport.closed]);
});
