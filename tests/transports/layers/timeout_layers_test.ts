import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import { IdleTimeoutError, MinimumRateError, WriteStallError } from "../../../protocols/errors.ts";
import { flushed, turns } from "../../../testing/conformance/scene.ts";
import { idleTimeout } from "../../../transports/layers/idle_timeout.ts";
import { minimumRate } from "../../../transports/layers/minimum_rate.ts";
import { writeStallTimeout } from "../../../transports/layers/write_stall_timeout.ts";
import { removeLayer } from "../../../transports/stack/live_layers.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

const clock = new ManualClock();

const LAYERS = {
  idleTimeout: idleTimeout({ timeout: 1000, clock }),
  writeStallTimeout: writeStallTimeout({ timeout: 1000, clock }),
  minimumRate: minimumRate({ rate: 10, window: 1000, clock }),
};

const ENDINGS: Record<string, (ends: { transport: Transport; peer: Transport }) => unknown> = {
  "close()": ({ transport }) => transport.close(),
  "abort()": ({ transport }) => transport.abort(),
  "abort(reason)": ({ transport }) => transport.abort(new Error("A reason")),
  "close() of the peer": ({ peer }) => peer.close(),
  "abort() of the peer": ({ peer }) => peer.abort(),
  "removeLayer()": ({ transport }) => removeLayer(transport),
};

for (const [name, layer] of Object.entries(LAYERS)) {
  for (const [ending, end] of Object.entries(ENDINGS)) {
    Deno.test(`${name}() leaves no timer behind after ${ending}`, async () => {
      const pair = await layeredPair([layer]);
      pair.transport.write("x".repeat(1_000_000));
      pair.peer.write("y");
      await turns(1);
      await end(pair);
      await turns();
      assertEquals(clock.timers, 0);
      await pair.close();
      assertEquals(clock.timers, 0);
    });
  }
}

Deno.test("idleTimeout() ends a connection on which nothing happens with IdleTimeoutError", async () => {
  const { transport, protocol, reported, close } = await layeredPair([LAYERS.idleTimeout]);
  clock.advance(999);
  assert(!transport.isClosing());
  clock.advance(1);
  const { error, endedBy } = await transport.closed;
  assertInstanceOf(error, IdleTimeoutError);
  assertEquals([endedBy, error.timeoutMs, reported], ["error", 1000, []]);
  assertStrictEquals(protocol.error, error);
  await close();
});

Deno.test("idleTimeout() starts anew with every byte in either direction, and sets no timer for that", async () => {
  const { transport, peer, protocol, close } = await layeredPair([LAYERS.idleTimeout]);
  const actions = [
    () => transport.write("x"),
    () => transport.writelines(["x"]),
    async () => {
      const before = protocol.receivedLength;
      peer.write("y");
      await protocol.untilReceived(before + 1);
    },
  ];
  for (let i = 0; i < 9; i++) {
    clock.advance(900);
    const { timers } = clock;
    await actions[i % 3]?.();
    assertEquals(clock.timers, timers);
  }
  assert(!transport.isClosing());
  clock.advance(1000);
  await transport.closed;
  await close();
});

Deno.test("writeStallTimeout() ends a connection whose peer does not read with WriteStallError", async () => {
  const { transport, peer, protocol, reported, close } = await layeredPair([
    LAYERS.writeStallTimeout,
  ]);
  peer.pauseReading();
  transport.write(new Uint8Array(1_000_000));
  await turns();
  clock.advance(900);
  assert(!transport.isClosing());
  clock.advance(350);
  const { error } = await transport.closed;
  assertInstanceOf(error, WriteStallError);
  assert(error.size > 700_000 && error.timeoutMs === 1000, error.message);
  assertStrictEquals(protocol.error, error);
  assertEquals(reported, []);
  await close();
});

Deno.test("writeStallTimeout() ends a close() that waits for a peer that does not read", async () => {
  const { transport, peer, close } = await layeredPair([LAYERS.writeStallTimeout]);
  peer.pauseReading();
  transport.write(new Uint8Array(1_000_000));
  transport.close();
  await turns();
  clock.advance(1250);
  assertInstanceOf((await transport.closed).error, WriteStallError);
  await close();
});

Deno.test("writeStallTimeout() does not end a slow reader or an idle connection", async () => {
  const { transport, peer, peerProtocol, close } = await layeredPair([
    LAYERS.writeStallTimeout,
  ]);
  transport.write(new Uint8Array(2_000_000));
  while (peerProtocol.receivedLength < 2_000_000) {
    const { receivedLength } = peerProtocol;
    peer.pauseReading();
    clock.advance(900);
    peer.resumeReading();
    await peerProtocol.untilReceived(receivedLength + 1);
  }
  await flushed(transport);
  clock.advance(100_000);
  assert(!transport.isClosing());
  assertEquals(clock.timers, 0);
  await close();
});

Deno.test("minimumRate() ends a connection whose peer sends too slowly with MinimumRateError", async () => {
  const { transport, peer, protocol, reported, close } = await layeredPair([
    LAYERS.minimumRate,
  ]);
  peer.write("0123456789");
  await protocol.untilReceived(10);
  clock.advance(1000);
  peer.write("012345678");
  await protocol.untilReceived(19);
  assert(!transport.isClosing());
  clock.advance(1000);
  const { error } = await transport.closed;
  assertInstanceOf(error, MinimumRateError);
  assertEquals([error.received, error.windowMs, error.rate], [9, 1000, 10]);
  assertStrictEquals(protocol.error, error);
  assertEquals(reported, []);
  await close();
});

Deno.test("minimumRate() does not count time in which we do not read, nor after the end of data", async () => {
  const { transport, peer, protocol, close } = await layeredPair([LAYERS.minimumRate]);
  clock.advance(600);
  transport.pauseReading();
  clock.advance(100_000);
  transport.resumeReading();
  clock.advance(399);
  assert(!transport.isClosing());
  const work = Promise.withResolvers<void>();
  transport.setProtocol({ dataReceived: () => work.promise });
  peer.write("x");
  await turns();
  clock.advance(100_000);
  assert(!transport.isClosing());
  work.resolve();
  await turns();
  transport.setProtocol({
    eofReceived: () => true,
    connectionLost: () => protocol.connectionLost(null),
  });
  peer.writeEof();
  await turns();
  clock.advance(100_000);
  assert(!transport.isClosing());
  await close();
});

Deno.test("idleTimeout(), writeStallTimeout() and minimumRate() throw RangeError for times and rates out of range", () => {
  for (const wrong of [0, -1, NaN]) {
    const text = ` ${wrong} is not `;
    assertThrows(() => idleTimeout({ timeout: wrong }), RangeError, `timeout${text}`);
    assertThrows(() => writeStallTimeout({ timeout: wrong }), RangeError, `timeout${text}`);
    assertThrows(() => minimumRate({ rate: wrong }), RangeError, `rate${text}`);
    assertThrows(() => minimumRate({ rate: 1, window: wrong }), RangeError, `window${text}`);
  }
});
