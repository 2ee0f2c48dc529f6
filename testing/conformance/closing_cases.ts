import { assert, assertEquals } from "@std/assert";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, turns } from "./scene.ts";
import { MUCH, PAUSED } from "./traffic.ts";

const always = casesOf({
  "close() ends both sides: eofReceived there, connectionLost(null) on both": async (scene) => {
    const [a, b] = await scene.pair();
    a.transport.close();
    await Promise.all([a.transport.closed, b.transport.closed]);
    assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
    assertEquals(b.protocol.order, ["connectionMade", "eofReceived", "connectionLost"]);
    assertEquals([a.protocol.error, b.protocol.error], [null, null]);
  },

  "await using sends what is queued, closes, and goes on after connectionLost": async (scene) => {
    const [a, b] = await scene.pair();
    {
      await using transport = a.transport;
      transport.write(new Uint8Array(100_000));
    }
    assertEquals(a.protocol.order.at(-1), "connectionLost");
    assertEquals((await a.transport.closed).endedBy, "local");
    await b.transport.closed;
    assertEquals(b.protocol.received.length, 100_000);
  },

  "close() and abort() do not call connectionLost before they return": async (scene) => {
    for (const ending of ["close", "abort"] as const) {
      const [a] = await scene.pair();
      a.transport[ending]();
      assertEquals(a.protocol.count("connectionLost"), 0, ending);
      assert(a.transport.isClosing(), `isClosing() after ${ending}()`);
      await a.transport.closed;
      assert(a.transport.isClosing(), "isClosing() after the end");
    }
  },

  "close() and abort() do nothing the second time": async (scene) => {
    const orders = [["close", "close"], ["abort", "abort"], ["abort", "close"]] as const;
    for (const [first, second] of orders) {
      const [a, b] = await scene.pair();
      a.transport[first]();
      a.transport[second]();
      await Promise.all([a.transport.closed, b.transport.closed]);
      a.transport.abort(new Error("Too late"));
      a.transport.close();
      await turns();
      assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
      assertEquals(a.protocol.error, null);
    }
  },

  "close() sends 4 MiB that are queued to a slow reader, then ends": async (scene) => {
    const sent = scene.random.bytes(4_194_304);
    const [a, b] = await scene.pair({}, {
      connectionMade: (transport) => transport.pauseReading(),
      dataReceived: () => scene.random.below(16) === 0 ? scene.turn() : undefined,
    });
    for (const piece of scene.random.split(sent, 1, 300_000)) a.transport.write(piece);
    a.transport.close();
    await turns();
    b.transport.resumeReading();
    const [endOfA] = await Promise.all([a.transport.closed, b.transport.closed]);
    assertSameBytes(b.protocol.received, sent);
    assertEquals(endOfA.bytesUnsent, 0);
    assertEquals([a.protocol.error, b.protocol.error], [null, null]);
  },

  "close() in both ends at the same time is an orderly end of both": async (scene) => {
    const [a, b] = await scene.pair();
    a.transport.close();
    b.transport.close();
    await Promise.all([a.transport.closed, b.transport.closed]);
    assertEquals([a.protocol.error, b.protocol.error], [null, null]);
  },

  "After close() nothing is received any more, not even the end of data": async (scene) => {
    const keepWriting = () => {
      while (!b.transport.isClosing() && b.transport.write(new Uint8Array(50_000))) continue;
    };
    const [a, b] = await scene.pair({}, { resumeWriting: keepWriting });
    keepWriting();
    await a.protocol.until("dataReceived");
    a.transport.close();
    const calls = a.protocol.calls.length;
    await a.transport.closed;
    b.transport.abort();
    await turns();
    assertEquals(a.protocol.calls.slice(calls), ["connectionLost"]);
  },

  "close() ends a connection whose reading is paused": async (scene) => {
    const [a, b] = await scene.pair(PAUSED);
    b.transport.write("unread");
    a.transport.close();
    await a.transport.closed;
    assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
  },

  "abort(reason) gives the first reason to connectionLost, and ends the peer": async (scene) => {
    const reason = new Error("The first reason");
    const [a, b] = await scene.pair();
    a.transport.abort(reason);
    a.transport.abort(new Error("The second reason"));
    await a.transport.closed;
    assertEquals(a.protocol.error, reason);
    await b.transport.closed;
  },

  "A peer that is gone ends the connection; later writes are dropped": async (scene) => {
    const [a, b] = await scene.pair();
    a.transport.write(new Uint8Array(MUCH));
    b.transport.abort();
    while (!a.transport.isClosing()) {
      a.transport.write("x");
      await turns(1);
    }
    await a.transport.closed;
    a.transport.write("dropped");
    a.transport.writelines(["dropped"]);
    assertEquals(a.transport.getWriteBufferSize(), 0);
  },

  "Every method may be called after the end": async (scene) => {
    const [a] = await scene.pair();
    a.transport.close();
    const info = await a.transport.closed;
    const { transport } = a;
    transport.writelines([]);
    if (transport.canWriteEof()) transport.writeEof();
    transport.pauseReading();
    transport.resumeReading();
    assertEquals(transport.isReading(), false);
    transport.setWriteBufferLimits({ high: 0 });
    assertEquals(transport.getWriteBufferSize(), 0);
    transport.setProtocol(transport.getProtocol());
    transport.getExtraInfo("peername");
    assertEquals(await transport.closed, info);
    await turns();
  },
});

const withBackPressure = casesOf({
  "write() and writelines() after close() are dropped, even with bytes queued": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED);
    a.transport.write(new Uint8Array(MUCH));
    a.transport.close();
    const size = a.transport.getWriteBufferSize();
    assert(size > 0, "nothing is queued though the peer does not read");
    a.transport.write("more");
    a.transport.writelines(["and", "more"]);
    assertEquals(a.transport.getWriteBufferSize(), size);
    b.transport.resumeReading();
    await b.transport.closed;
    assertEquals(b.protocol.receivedLength, MUCH);
  },

  "abort() drops what is queued and ends with connectionLost(null)": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED);
    a.transport.write(new Uint8Array(MUCH));
    a.transport.abort();
    assertEquals(a.transport.getWriteBufferSize(), 0);
    const { endedBy, bytesUnsent } = await a.transport.closed;
    assertEquals([endedBy, a.protocol.error], ["abort", null]);
    assert(bytesUnsent > 0, "nothing was dropped");
    b.transport.resumeReading();
    await b.transport.closed;
    assert(b.protocol.receivedLength < MUCH, "what was dropped arrived");
  },

  "close() and then abort() drops what is still queued": async (scene) => {
    const reason = new Error("No more patience");
    const [a] = await scene.pair({}, PAUSED);
    a.transport.write(new Uint8Array(MUCH));
    a.transport.close();
    await turns();
    assertEquals(a.protocol.count("connectionLost"), 0, "ended before all was sent");
    a.transport.abort(reason);
    assertEquals((await a.transport.closed).error, reason);
  },
}, { needs: ["backPressure"] });

/** Every way to end a connection from this side, and the order of what follows. */
export const closingCases: readonly ConformanceCase[] = [
  ...always,
  ...withBackPressure,
];
