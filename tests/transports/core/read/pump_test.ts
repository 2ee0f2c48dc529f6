import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { AnyProtocol } from "../../../../protocols/contract.ts";
import { Delivery } from "../../../../transports/core/read/delivery.ts";
import { pump } from "../../../../transports/core/read/pump.ts";
import { settle } from "../../../support/time/event_loop.ts";
import { FakeSource } from "../../../support/doubles/fake_carrier.ts";

/** A pump between a source that the test feeds and a protocol. */
function pumpInto(protocol: AnyProtocol): {
  source: FakeSource;
  delivery: Delivery;
  events: string[];
  done: Promise<void>;
} {
  const source = new FakeSource();
  const events: string[] = [];
  const delivery = new Delivery(protocol, (callback, thrown) => {
    events.push(`${callback} ${thrown}`);
    delivery.stop();
  });
  const done = pump(source, delivery, {
    onReceived: (bytes) => events.push(`received ${bytes}`),
    onEof: () => void events.push("eof"),
    onReadError: (error) => events.push(`error ${error}`),
  });
  return { source, delivery, events, done };
}

Deno.test("pump() drives chunks into the protocol up to the end of data", async () => {
  const chunks: number[][] = [];
  const { source, events, done } = pumpInto({
    dataReceived: (data) => void chunks.push([...data]),
  });
  await source.feed(1, 2);
  await settle();
  await source.feed(3);
  await settle();
  await source.end();
  await done;
  assertEquals(chunks, [[1, 2], [3]]);
  assertEquals(events, ["received 2", "received 1", "eof"]);
});

Deno.test("pump() drives any async generator", async () => {
  const chunks: Bytes[] = [];
  async function* generate(): AsyncGenerator<Bytes, void, Uint8Array | undefined> {
    yield new Uint8Array([1]);
    await settle();
    yield new Uint8Array([2]);
  }
  const delivery = new Delivery({ dataReceived: (data) => void chunks.push(data) }, () => {});
  let isOver = false;
  await pump(generate(), delivery, {
    onReceived: () => {},
    onEof: () => void (isOver = true),
    onReadError: () => {},
  });
  assertEquals([chunks, isOver], [[new Uint8Array([1]), new Uint8Array([2])], true]);
});

Deno.test("pump() reports a source that fails, and ends", async () => {
  const { source, events, done } = pumpInto({});
  await source.fail(new Error("reset"));
  await done;
  assertEquals(events, ["error Error: reset"]);
});

Deno.test("pump() does not read while delivery is paused", async () => {
  const { source, delivery, events } = pumpInto({ dataReceived: () => delivery.pause() });
  await source.feed(1);
  await settle();
  assertEquals(source.targets.length, 1);
  delivery.resume();
  await source.feed(2);
  await settle();
  assertEquals(source.targets.length, 2);
  assertEquals(events, ["received 1", "received 1"]);
  delivery.stop();
});

Deno.test("pump() does not read before the promise of dataReceived() settles", async () => {
  const work = Promise.withResolvers<void>();
  const { source, delivery } = pumpInto({ dataReceived: () => work.promise });
  await source.feed(1);
  await settle();
  assertEquals(source.targets.length, 1);
  work.resolve();
  await settle();
  assertEquals(source.targets.length, 2);
  delivery.stop();
});

Deno.test("pump() holds the end of data while delivery is paused", async () => {
  const { source, delivery, events, done } = pumpInto({});
  await source.asked;
  delivery.pause();
  await source.end();
  await settle();
  assertEquals(events, []);
  delivery.resume();
  await done;
  assertEquals(events, ["eof"]);
});

Deno.test("pump() reads into the buffer that a buffered protocol lends", async () => {
  const buffer = new Uint8Array(8);
  const updates: number[] = [];
  const { source, done } = pumpInto({
    getBuffer: () => buffer,
    bufferUpdated: (bytes) => void updates.push(bytes),
  });
  await source.feed(5, 6);
  await settle();
  assertEquals([source.targets[0] === buffer, updates, buffer[1]], [true, [2], 6]);
  await source.end();
  await done;
});

Deno.test("pump() reads nothing when getBuffer() fails", async () => {
  const { source, events, done } = pumpInto({ getBuffer: () => new Uint8Array(0) });
  await done;
  assertEquals(source.targets, []);
  assertEquals(events.length, 1);
});

Deno.test("pump() ends without a report when delivery was stopped before the next chunk or the end", async () => {
  let delivered = 0;
  for (const outcome of ["feed", "end"] as const) {
    const { source, delivery, events, done } = pumpInto({
      dataReceived: () => void delivered++,
    });
    await source.asked;
    delivery.stop();
    if (outcome === "feed") await source.feed(1);
    else await source.end();
    await done;
    assertEquals(events.filter((event) => event !== "received 1"), [], outcome);
  }
  assertEquals(delivered, 0);
});

Deno.test("pump() reports a read that fails after delivery was stopped: the rest may not have been sent", async () => {
  const { source, delivery, events, done } = pumpInto({});
  await source.asked;
  delivery.stop();
  await source.fail(new Error("reset"));
  await done;
  assertEquals(events, ["error Error: reset"]);
});
