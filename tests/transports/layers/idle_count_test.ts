import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidStateError, memoryTransportPair, type Transport } from "@sluice/net";
import { compression, idleTimeout, insertLayer, setIdleTimeout } from "@sluice/net/layers";
import { settle } from "../../support/time/event_loop.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

/** A transport with an idle timeout of 1000 ms that counts so, its peer, and its clock. */
async function idle(
  count: "received" | "sent" | "both",
  dataReceived: () => unknown = () => {},
): Promise<{ readonly a: Transport; readonly b: Transport; readonly clock: ManualClock }> {
  const clock = new ManualClock();
  const [inner, peer] = await memoryTransportPair(
    () => ({ dataReceived, eofReceived: () => true }),
    () => ({ eofReceived: () => true }),
  );
  const a = await insertLayer(inner.transport, idleTimeout({ timeout: 1000, count, clock }));
  return { a, b: peer.transport, clock };
}

for (
  const [count, direction, text] of [
    ["received", "sent", "no byte received in 1000 ms"],
    ["sent", "received", "no byte sent in 1000 ms"],
  ] as const
) {
  Deno.test(`idleTimeout() with count: ${count} is not restarted by bytes that are ${direction}`, async () => {
    const { a, b, clock } = await idle(count);
    clock.advance(900);
    (direction === "sent" ? a : b).write("x");
    await settle();
    assert(!a.isClosing());
    clock.advance(100);
    assert(a.isClosing());
    assertEquals((await a.closed).error?.message, `Connection is idle: ${text}`);
    b.abort();
    await b.closed;
  });

  Deno.test(`idleTimeout() with count: ${count} is restarted by bytes that are ${count}`, async () => {
    const { a, b, clock } = await idle(count);
    clock.advance(900);
    (count === "sent" ? a : b).write("x");
    await settle();
    clock.advance(999);
    assert(!a.isClosing());
    a.abort();
    b.abort();
    await Promise.all([a.closed, b.closed]);
    assertEquals(clock.timers, 0);
  });
}

Deno.test("idleTimeout() with count: received does not count the time in which nothing is read", async () => {
  const { a, b, clock } = await idle("received");
  a.pauseReading();
  clock.advance(5000);
  assert(!a.isClosing());
  a.resumeReading();
  clock.advance(1000);
  clock.advance(1000);
  assert(a.isClosing());
  b.abort();
  await b.closed;
});

Deno.test("idleTimeout() with count: received does not count the time that dataReceived() takes", async () => {
  const work = Promise.withResolvers<void>();
  const { a, b, clock } = await idle("received", () => work.promise);
  b.write("x");
  await settle();
  clock.advance(5000);
  assert(!a.isClosing());
  work.resolve();
  await settle();
  clock.advance(2000);
  assert(a.isClosing());
  b.abort();
  await b.closed;
});

Deno.test("idleTimeout() with count: received lets a peer that has ended its direction be answered", async () => {
  const { a, b, clock } = await idle("received");
  b.writeEof();
  await settle();
  for (let i = 0; i < 3; i++) {
    clock.advance(900);
    a.write("x");
  }
  assert(!a.isClosing());
  await settle();
  clock.advance(5000);
  assert(a.isClosing());
  b.abort();
  await Promise.all([a.closed, b.closed]);
});

Deno.test("setIdleTimeout() changes the time of a live connection, through layers on top", async () => {
  const clock = new ManualClock();
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}), {
    layers: [
      idleTimeout({ timeout: 1000, count: "received", clock }),
      compression({ format: "gzip" }),
    ],
  });
  const { transport } = a;
  clock.advance(900);
  setIdleTimeout(transport, 5000);
  clock.advance(4999);
  assert(!transport.isClosing());
  assertEquals(transport.getExtraInfo("idleTimeout")?.timeout, 5000);
  setIdleTimeout(transport, Infinity);
  clock.advance(1e9);
  assert(!transport.isClosing());
  setIdleTimeout(transport, 10);
  clock.advance(10);
  await transport.closed;
  assertThrows(
    () => setIdleTimeout(transport, 0),
    RangeError,
    "Cannot set idle timeout: timeout 0",
  );
  b.transport.abort();
  await b.transport.closed;
});

Deno.test("setIdleTimeout() throws InvalidStateError for a connection without the layer", async () => {
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  assertThrows(
    () => setIdleTimeout(a.transport, 5),
    InvalidStateError,
    "give layers: [idleTimeout({ timeout })]",
  );
  a.transport.abort();
  await a.transport.closed;
});
