import { assert, assertEquals, assertThrows } from "@std/assert";
import { WriteBufferFullError } from "../../protocols/errors.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, turns } from "./scene.ts";
import { assertAllReceived, MUCH, PAUSED } from "./traffic.ts";

/** Limits by what is given for them, and what asyncio makes of it. */
const LIMITS = [
  [undefined, { high: 65_536, low: 16_384 }],
  [{}, { high: 65_536, low: 16_384 }],
  [{ high: 7 }, { high: 7, low: 1 }],
  [{ low: 10 }, { high: 40, low: 10 }],
  [{ high: 100, low: 100 }, { high: 100, low: 100 }],
  [{ high: 0 }, { high: 0, low: 0 }],
  [{ low: 0 }, { high: 0, low: 0 }],
] as const;
const WRONG_LIMITS = [
  { high: 1, low: 2 },
  { high: -1 },
  { low: -1 },
  { high: 10, low: -1 },
  { high: NaN },
];

const always = casesOf({
  "setWriteBufferLimits() fills in missing values as asyncio does": async (scene) => {
    const [{ transport }] = await scene.pair();
    assertEquals(transport.getWriteBufferLimits(), { high: 65_536, low: 16_384 });
    for (const [given, expected] of LIMITS) {
      transport.setWriteBufferLimits(given);
      assertEquals(transport.getWriteBufferLimits(), expected);
    }
  },

  "setWriteBufferLimits() throws RangeError unless high >= low >= 0": async (scene) => {
    const [{ transport }] = await scene.pair();
    transport.setWriteBufferLimits({ high: 77, low: 7 });
    for (const wrong of WRONG_LIMITS) {
      assertThrows(() => transport.setWriteBufferLimits(wrong), RangeError);
      assertEquals(transport.getWriteBufferLimits(), { high: 77, low: 7 });
    }
  },

  "pauseWriting() and resumeWriting() alternate under load in both directions": async (scene) => {
    const { random } = scene;
    const sent = random.bytes(1_000_000);
    const [a, b] = await scene.pair({}, {
      dataReceived: () => random.below(4) === 0 ? scene.turn() : undefined,
    });
    a.transport.setWriteBufferLimits({ high: 20_000, low: 5000 });
    b.transport.setWriteBufferLimits({ high: 0 });
    for (const piece of random.split(sent, 1, 60_000)) {
      b.transport.write("back");
      if (!a.transport.write(piece) && random.below(2) === 0) await flushed(a.transport);
    }
    await b.protocol.untilReceived(sent.length);
    await Promise.all([flushed(a.transport), flushed(b.transport)]);
    assertSameBytes(b.protocol.received, sent);
    for (const { protocol } of [a, b]) {
      assertEquals(protocol.count("pauseWriting"), protocol.count("resumeWriting"));
    }
  },

  "A paused reader does not stop its own end from writing": async (scene) => {
    const [a, b] = await scene.pair(PAUSED);
    b.transport.write(new Uint8Array(1_000_000));
    a.transport.write(new Uint8Array(2_000_000));
    await b.protocol.untilReceived(2_000_000);
    a.transport.resumeReading();
    await a.protocol.untilReceived(1_000_000);
  },
});

const withBackPressure = casesOf({
  "A peer that does not read: pauseWriting() above high, resumeWriting() at low": async (scene) => {
    const sizes: number[] = [];
    const note = () => void sizes.push(a.transport.getWriteBufferSize());
    const [a, b] = await scene.pair({ pauseWriting: note, resumeWriting: note }, PAUSED);
    a.transport.setWriteBufferLimits({ high: 1_000_000, low: 100_000 });
    // Every write returns whether the writer may go on.
    let written = 0;
    while (a.transport.write(new Uint8Array(250_000))) {
      assertEquals(a.protocol.count("pauseWriting"), 0);
      written += 250_000;
      await turns(1);
    }
    assertEquals(a.protocol.order.slice(1), ["pauseWriting"]);
    assertEquals(a.transport.write("still refused"), false);
    b.transport.resumeReading();
    await a.protocol.until("resumeWriting");
    await b.protocol.untilReceived(written + 250_013);
    const [atPause = 0, atResume = Infinity] = sizes;
    assert(atPause > 1_000_000, `paused at ${atPause}`);
    assert(atResume <= 100_000, `resumed at ${atResume}`);
    assertEquals(a.transport.write("free again"), true);
  },

  "writelines() pauses the writer like write()": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED);
    const pieces = Array.from({ length: 64 }, () => new Uint8Array(MUCH / 64));
    assertEquals(a.transport.writelines(pieces), false);
    assertEquals(a.protocol.count("pauseWriting"), 1);
    b.transport.resumeReading();
    await b.protocol.untilReceived(MUCH);
    await flushed(a.transport);
    assertEquals(a.protocol.count("resumeWriting"), 1);
  },

  "Lower limits pause at once; higher ones do not resume": async (scene) => {
    const [a] = await scene.pair({}, PAUSED);
    a.transport.setWriteBufferLimits({ high: 2 * MUCH });
    assertEquals(a.transport.write(new Uint8Array(MUCH)), true);
    assert(a.transport.getWriteBufferSize() > 0, "nothing is queued");
    a.transport.setWriteBufferLimits({ high: 0 });
    assertEquals(a.protocol.count("pauseWriting"), 1);
    a.transport.setWriteBufferLimits({ high: 2 * MUCH });
    assertEquals(a.transport.write("x"), false);
    assertEquals(a.protocol.order, ["connectionMade", "pauseWriting"]);
  },

  "resumeWriting() may write more, before what close() ends": async (scene) => {
    let rounds = 3;
    let written = MUCH;
    // A carrier may be done with a write at once, so this writes until it is paused again.
    const writeUntilPaused = () => {
      do written += 300_000; while (a.transport.write(new Uint8Array(300_000)));
    };
    const [a, b] = await scene.pair({
      resumeWriting(): void {
        if (--rounds > 0) writeUntilPaused();
        else a.transport.close();
      },
    }, PAUSED);
    a.transport.write(new Uint8Array(MUCH));
    b.transport.resumeReading();
    await b.transport.closed;
    assertEquals(b.protocol.receivedLength, written);
  },

  "abort() and the loss of a paused connection do not call resumeWriting()": async (scene) => {
    for (const ender of [0, 1] as const) {
      const ends = await scene.pair({}, PAUSED);
      ends[0].transport.write(new Uint8Array(MUCH));
      ends[ender].transport.abort();
      await ends[0].transport.closed;
      await turns();
      assertEquals(ends[0].protocol.count("pauseWriting"), 1);
      assertEquals(ends[0].protocol.count("resumeWriting"), 0);
    }
  },
}, { needs: ["backPressure"] });

const withBackPressureMaxWriteBuffer = casesOf({
  "A write with more than maxWriteBuffer queued ends with WriteBufferFullError": async (scene) => {
    const [a] = await scene.pair({}, PAUSED, { maxWriteBuffer: 300_000 });
    let most = 0;
    while (!a.transport.isClosing()) {
      most = Math.max(most, a.transport.getWriteBufferSize());
      a.transport.write(new Uint8Array(100_000));
      assertEquals(a.protocol.count("connectionLost"), 0, "connectionLost inside write()");
      if (scene.random.below(4) === 0) await turns(1);
    }
    const { error, endedBy } = await a.transport.closed;
    assert(error instanceof WriteBufferFullError, `${error}`);
    assertEquals([endedBy, error.limit, a.protocol.error], ["error", 300_000, error]);
    assert(most > 300_000 && most <= 400_000, `${most} bytes were queued`);
  },
}, { needs: ["backPressure", "maxWriteBuffer"] });

const withMaxWriteBuffer = casesOf({
  "One write may be larger than maxWriteBuffer": async (scene) => {
    const sent = scene.random.bytes(1_000_000);
    const [a, b] = await scene.pair({}, {}, { maxWriteBuffer: 1000 });
    a.transport.write(sent);
    await assertAllReceived(a, b, sent);
  },
}, { needs: ["maxWriteBuffer"] });

const withoutMaxWriteBuffer = casesOf({
  "The gap maxWriteBuffer: any amount may be queued": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED, { maxWriteBuffer: 1000 });
    for (let i = 0; i < 16; i++) a.transport.write(new Uint8Array(MUCH / 16));
    b.transport.resumeReading();
    await b.protocol.untilReceived(MUCH);
  },
}, { gap: "maxWriteBuffer" });

const withoutBackPressure = casesOf({
  "The gap backPressure: everything is sent although the peer does not read": async (scene) => {
    const [a] = await scene.pair({}, PAUSED);
    a.transport.write(new Uint8Array(MUCH));
    await flushed(a.transport);
  },
}, { gap: "backPressure" });

/** Water marks, and the cap above them. */
export const flowControlCases: readonly ConformanceCase[] = [
  ...always,
  ...withBackPressure,
  ...withBackPressureMaxWriteBuffer,
  ...withMaxWriteBuffer,
  ...withoutMaxWriteBuffer,
  ...withoutBackPressure,
];
