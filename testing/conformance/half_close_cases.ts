import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, turns } from "./scene.ts";
import { assertReceives, PAUSED } from "./traffic.ts";

const KEEP_OPEN = { eofReceived: () => true };

const withoutHalfClose = casesOf({
  "The gap halfClose: canWriteEof() is false and writeEof() throws": async (scene) => {
    const [a, b] = await scene.pair();
    assertFalse(a.transport.canWriteEof());
    assertThrows(() => a.transport.writeEof(), InvalidStateError);
    a.transport.write("still open");
    await b.protocol.untilReceived(10);
  },
}, { gap: "halfClose" });

const withHalfClose = casesOf({
  "setProtocol() tells of the end of data only with replayEof or bytes": async (scene) => {
    const [a, b] = await scene.pair({}, KEEP_OPEN);
    a.transport.writeEof();
    await b.protocol.until("eofReceived");
    const next = () => new RecordingProtocol(KEEP_OPEN);
    const [silent, told, handed] = [next(), next(), next()];
    b.transport.setProtocol(silent);
    await turns();
    assertEquals(silent.order, []);
    b.transport.setProtocol(told, { replayEof: true });
    await told.until("eofReceived");
    assertEquals(told.order, ["eofReceived"]);
    b.transport.setProtocol(handed, { unread: new Uint8Array(2) });
    await handed.until("eofReceived");
    assertEquals(handed.order, ["dataReceived", "eofReceived"]);
    // So that its record is complete.
    b.transport.setProtocol(b.protocol);
    b.transport.close();
    await Promise.all([a.transport.closed, b.transport.closed]);
  },

  "writeEof() sends what is queued, then the end; the other direction goes on": async (scene) => {
    const [there, back] = [scene.random.bytes(1_000_000), scene.random.bytes(1_000_000)];
    const [a, b] = await scene.pair({}, KEEP_OPEN);
    assertEquals(a.transport.canWriteEof(), true);
    a.transport.write(there);
    a.transport.writeEof();
    await b.protocol.until("eofReceived");
    assertSameBytes(b.protocol.received, there);
    for (const piece of scene.random.split(back, 1, 50_000)) b.transport.write(piece);
    await assertReceives(a.protocol, back);
    assertFalse(a.transport.isClosing() || b.transport.isClosing(), "ended");
    b.transport.close();
    const [endOfA] = await Promise.all([a.transport.closed, b.transport.closed]);
    assertEquals(a.protocol.order.slice(-2), ["eofReceived", "connectionLost"]);
    assertEquals([endOfA.endedBy, endOfA.error], ["peer", null]);
  },

  "write() and writelines() after writeEof() throw InvalidStateError": async (scene) => {
    const [a, b] = await scene.pair({}, KEEP_OPEN);
    a.transport.write("all");
    a.transport.writeEof();
    assertThrows(() => a.transport.write("more"), InvalidStateError);
    assertThrows(() => a.transport.writelines(["more"]), InvalidStateError);
    await b.protocol.until("eofReceived");
    assertThrows(() => a.transport.write("more"), InvalidStateError);
    assertEquals(b.protocol.receivedText, "all");
  },

  "writeEof() does nothing the second time, after close() and after abort()": async (scene) => {
    const [a, b] = await scene.pair({}, KEEP_OPEN);
    a.transport.writeEof();
    a.transport.writeEof();
    await b.protocol.until("eofReceived");
    a.transport.close();
    a.transport.writeEof();
    b.transport.abort();
    b.transport.writeEof();
    await Promise.all([a.transport.closed, b.transport.closed]);
  },

  "A falsy answer of eofReceived() closes: what is queued is sent before": async (scene) => {
    const sent = scene.random.bytes(3_000_000);
    const [a, b] = await scene.pair(KEEP_OPEN, {
      eofReceived(): void {
        b.transport.write(sent);
      },
    });
    a.transport.writeEof();
    const { endedBy, error } = await b.transport.closed;
    assertEquals([endedBy, error], ["peer", null]);
    await a.protocol.until("eofReceived");
    assertSameBytes(a.protocol.received, sent);
  },

  "A truthy answer of eofReceived() keeps the connection open until close()": async (scene) => {
    const [a, b] = await scene.pair({}, KEEP_OPEN);
    a.transport.writeEof();
    await b.protocol.until("eofReceived");
    await turns();
    assertFalse(b.transport.isClosing());
    b.transport.write("later");
    await a.protocol.untilReceived(5);
    b.transport.close();
    assertEquals((await b.transport.closed).endedBy, "local");
    await a.transport.closed;
  },

  "Both directions may end, one after the other, before close()": async (scene) => {
    const [a, b] = await scene.pair(KEEP_OPEN, KEEP_OPEN);
    a.transport.write("there");
    a.transport.writeEof();
    await b.protocol.until("eofReceived");
    b.transport.write("back");
    b.transport.writeEof();
    await a.protocol.until("eofReceived");
    await turns();
    assertFalse(a.transport.isClosing() || b.transport.isClosing(), "ended by itself");
    a.transport.close();
    b.transport.close();
    await Promise.all([a.transport.closed, b.transport.closed]);
    assertEquals([a.protocol.receivedText, b.protocol.receivedText], ["back", "there"]);
    assertEquals([a.protocol.error, b.protocol.error], [null, null]);
  },

  "writeEof() and then close() sends everything, and both sides end in order": async (scene) => {
    const sent = scene.random.bytes(3_000_000);
    const [a, b] = await scene.pair();
    a.transport.write(sent);
    a.transport.writeEof();
    a.transport.close();
    await Promise.all([a.transport.closed, b.transport.closed]);
    assertSameBytes(b.protocol.received, sent);
    assertEquals(b.protocol.order.slice(-2), ["eofReceived", "connectionLost"]);
  },

  "writeEof() may be called inside connectionMade, dataReceived and eofReceived": async (scene) => {
    let own: Transport | undefined;
    const [a, b] = await scene.pair(
      { connectionMade: (transport) => transport.writeEof(), ...KEEP_OPEN },
      {
        connectionMade: (transport) => void (own = transport),
        eofReceived(): boolean {
          own?.write("the last word");
          own?.writeEof();
          return true;
        },
      },
    );
    await a.protocol.until("eofReceived");
    assertEquals(a.protocol.receivedText, "the last word");

    const [c, d] = await scene.pair({
      dataReceived: () => c.transport.isClosing() ? undefined : c.transport.writeEof(),
      ...KEEP_OPEN,
    }, KEEP_OPEN);
    d.transport.write("end it");
    await d.protocol.until("eofReceived");
    assertEquals(b.protocol.count("eofReceived"), 1);
  },

  "eofReceived() waits while reading is paused": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED);
    a.transport.write("before the end");
    a.transport.writeEof();
    await turns();
    assertEquals(b.protocol.order, ["connectionMade"]);
    b.transport.resumeReading();
    await b.transport.closed;
    assertEquals(b.protocol.order, [
      "connectionMade",
      "dataReceived",
      "eofReceived",
      "connectionLost",
    ]);
  },

  "eofReceived() waits for the promise of the last dataReceived()": async (scene) => {
    const work = Promise.withResolvers<void>();
    const [a, b] = await scene.pair({}, { dataReceived: () => work.promise, ...KEEP_OPEN });
    a.transport.write("work");
    a.transport.writeEof();
    await b.protocol.until("dataReceived");
    await turns();
    assertEquals(b.protocol.count("eofReceived"), 0);
    work.resolve();
    await b.protocol.until("eofReceived");
  },
}, { needs: ["halfClose"] });

/** Ending one direction and keeping the other. */
export const halfCloseCases: readonly ConformanceCase[] = [
  ...withoutHalfClose,
  ...withHalfClose,
];
