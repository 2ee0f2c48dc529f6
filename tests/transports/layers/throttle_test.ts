import { assert, assertEquals, assertThrows } from "@std/assert";
import { turns } from "../../../testing/conformance/scene.ts";
import { throttle } from "../../../transports/layers/throttle.ts";
import { TokenBucket } from "../../../transports/layers/token_bucket.ts";
import { untilStill } from "../../support/time/event_loop.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

Deno.test("throttle() sends no faster than the rate, and pauses the writer meanwhile", async () => {
  const clock = new ManualClock();
  const { transport, protocol, peerProtocol, close } = await layeredPair([
    throttle({ send: { rate: 100_000, burst: 1000 }, clock }),
  ]);
  transport.write(new Uint8Array(101_000));
  assertEquals(protocol.order, ["connectionMade", "pauseWriting"]);
  await untilStill(() => peerProtocol.receivedLength);
  assertEquals(peerProtocol.receivedLength, 1000);
  for (let passed = 10; passed <= 500; passed += 10) {
    clock.advance(10);
    await turns(1);
    assert(peerProtocol.receivedLength <= 1000 + 100 * passed, `${peerProtocol.receivedLength}`);
  }
  assert(peerProtocol.receivedLength >= 50_000 - 1000, `${peerProtocol.receivedLength}`);
  while (peerProtocol.receivedLength < 101_000) {
    clock.advance(10);
    await turns();
  }
  assert(clock.now() >= 1000 && clock.now() <= 1020, `${clock.now()} ms`);
  assertEquals(protocol.order, ["connectionMade", "pauseWriting", "resumeWriting"]);
  await close();
  assertEquals(clock.timers, 0);
});

Deno.test("throttle() receives no faster than the rate, and does not read ahead", async () => {
  const clock = new ManualClock();
  const { transport, protocol, peer, close } = await layeredPair([
    throttle({ receive: { rate: 1000, burst: 1000 }, clock }),
  ]);
  peer.write(new Uint8Array(1_000_000));
  await untilStill(() => protocol.receivedLength);
  assertEquals(protocol.receivedLength, 1000);
  // Two pipes' worth have left, the rest waits at the sender.
  assert(peer.getWriteBufferSize() > 700_000, `${peer.getWriteBufferSize()}`);
  clock.advance(20);
  await untilStill(() => protocol.receivedLength);
  assertEquals(protocol.receivedLength, 1020);
  transport.abort();
  await close();
  assertEquals(clock.timers, 0);
});

Deno.test("throttle() shares a bucket between connections", async () => {
  const clock = new ManualClock();
  const send = new TokenBucket({ rate: 1000, burst: 100, clock });
  const pairs = [
    await layeredPair([throttle({ send, clock })]),
    await layeredPair([throttle({ send, clock })]),
  ];
  for (const { transport } of pairs) transport.write(new Uint8Array(1000));
  const received = () => pairs.map(({ peerProtocol }) => peerProtocol.receivedLength);
  for (let passed = 0; passed < 1000; passed += 10) {
    clock.advance(10);
    await turns(1);
  }
  const [first = 0, second = 0] = received();
  assert(first + second <= 1100 && first + second >= 1000, `${received()}`);
  assert(Math.abs(first - second) <= 100, `${received()}`);
  for (const { transport, close } of pairs) {
    transport.abort();
    await close();
  }
});

Deno.test("throttle() lets what is queued out before close() ends", async () => {
  const clock = new ManualClock();
  const { transport, peer, peerProtocol } = await layeredPair([
    throttle({ send: { rate: 1000, burst: 10 }, clock }),
  ]);
  transport.write(new Uint8Array(500));
  transport.close();
  while (peerProtocol.receivedLength < 500) {
    clock.advance(10);
    await turns(1);
  }
  assertEquals([(await transport.closed).endedBy, (await peer.closed).endedBy], ["local", "peer"]);
  assertEquals(clock.timers, 0);
});

Deno.test("throttle() without a limit lets everything pass", async () => {
  const clock = new ManualClock();
  const { transport, peer, protocol, peerProtocol, close } = await layeredPair([
    throttle({ clock }),
  ]);
  transport.write(new Uint8Array(1_000_000));
  peer.write(new Uint8Array(1_000_000));
  // The clock stands still: what had to wait for it would never come.
  await Promise.all([peerProtocol, protocol].map((end) => end.untilReceived(1_000_000)));
  assertEquals(clock.timers, 0);
  await close();
});

Deno.test("throttle() throws RangeError for a rate or burst out of range, before any connection", () => {
  assertThrows(
    () => throttle({ send: { rate: 0 } }),
    RangeError,
    "Cannot use throttle: send.rate 0 ",
  );
  assertThrows(() => throttle({ receive: { rate: 1, burst: 0 } }), RangeError, "receive.burst 0 ");
});
