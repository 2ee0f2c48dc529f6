import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import { DatagramTruncatedError } from "../../../protocols/errors/datagram_errors.ts";
import { casesOf, type DatagramCase, RecordedEndpoint } from "./datagram_scene.ts";
import { turns } from "../scene.ts";

const always = casesOf({
  "The protocol may keep a datagram: it has memory of its own": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    for (let i = 0; i < 20; i++) a.transport.sendto(new Uint8Array(100).fill(i), b.address);
    await b.arrived(20);
    b.received.forEach(({ data }, i) => {
      assertEquals(data.buffer.byteLength, 100);
      assertEquals(data, new Uint8Array(100).fill(i));
    });
    const [first] = b.received;
    if (first !== undefined) structuredClone(first.data, { transfer: [first.data.buffer] });
    assertEquals(b.received[1]?.data, new Uint8Array(100).fill(1));
  },

  "a lent datagram is empty once the callback is over, and shows no other bytes": async (scene) => {
    const kept: Bytes[] = [];
    const lengths: number[] = [];
    const [a, b] = [
      await scene.open(),
      await scene.open({
        borrowsChunks: true,
        async datagramReceived(data): Promise<void> {
          kept.push(data);
          const isSlow = kept.length % 2 === 0;
          if (isSlow) await turns(1);
          lengths.push(data.length);
        },
      }),
    ];
    for (let i = 0; i < 10; i++) {
      a.transport.sendto(new Uint8Array(5000).fill(i), b.address);
      await b.arrived(i + 1);
    }
    await turns();
    assertEquals(lengths, new Array(10).fill(5000));
    assertEquals(kept.map(({ length }) => length), new Array(10).fill(0));
    b.received.forEach(({ data }, i) => assertEquals(data, new Uint8Array(5000).fill(i)));
  },

  "a lent datagram may be transferred, also while the protocol holds it": async (scene) => {
    let isSlow = false;
    const [a, b] = [
      await scene.open(),
      await scene.open({
        borrowsChunks: true,
        async datagramReceived(data): Promise<void> {
          structuredClone(data, { transfer: [data.buffer] });
          if (isSlow) await turns(1);
        },
      }),
    ];
    for (let i = 0; i < 6; i++) {
      isSlow = i > 2;
      a.transport.sendto(`${i}`, b.address);
      await b.arrived(i + 1);
    }
    b.transport.pauseReading();
    for (let i = 6; i < 9; i++) a.transport.sendto(`${i}`, b.address);
    await turns();
    b.transport.resumeReading();
    await b.arrived(9);
    // The last callback ends.
    await turns();
    assertEquals(b.texts.map(Number), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assertEquals(b.errors, []);
  },

  "The protocol may keep a datagram, even if the callback sets one that borrows": async (scene) => {
    const a = await scene.open();
    const b: RecordedEndpoint = await scene.open({
      datagramReceived: () => b.transport.setProtocol(borrower),
    });
    const borrower = new RecordedEndpoint({ borrowsChunks: true });
    b.transport.pauseReading();
    a.transport.sendto("to keep", b.address);
    await turns();
    b.transport.resumeReading();
    await b.arrived(1);
    await turns();
    assertEquals(b.texts, ["to keep"]);
    b.transport.setProtocol(b);
  },

  "a connected endpoint receives from its peer only, and counts other datagrams": async (scene) => {
    const [b, stranger] = [await scene.open(), await scene.open()];
    const a = await scene.open({}, { peer: b.address });
    stranger.transport.sendto("from a stranger", a.address);
    b.transport.sendto("from the peer", a.address);
    stranger.transport.sendto("again", a.address);
    b.transport.sendto("last", a.address);
    await a.arrived(2);
    assertEquals(a.texts, ["from the peer", "last"]);
    await turns();
    assertEquals(a.transport.dropped.strangers, 2);
  },

  "pauseReading() holds datagrams back, resumeReading() delivers them in order": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    b.transport.pauseReading();
    assertEquals(b.transport.isReading(), false);
    for (let i = 0; i < 10; i++) a.transport.sendto(`${i}`, b.address);
    await turns(20);
    assertEquals(b.received.length, 0);
    b.transport.resumeReading();
    assertEquals(b.received.length, 0, "none inside of the call");
    a.transport.sendto("10", b.address);
    await b.arrived(11);
    assertEquals(b.texts.map(Number), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  },

  "a paused endpoint holds no more than maxReadBuffer, and counts what it drops": async (scene) => {
    for (const receivePolicy of ["drop-newest", "drop-oldest"] as const) {
      const a = await scene.open();
      // Room for four of them.
      const b = await scene.open({}, { maxReadBuffer: 4 * (256 + 2), receivePolicy });
      const fence = await scene.open({
        datagramReceived: (_data, address) => void fence.transport.sendto("", address),
      });
      b.transport.pauseReading();
      for (let i = 10; i < 30; i++) a.transport.sendto(`${i}`, b.address);
      a.transport.sendto("", fence.address);
      await a.arrived(1);
      await turns();
      assertEquals(b.transport.dropped.received, 16, receivePolicy);
      b.transport.resumeReading();
      await b.arrived(4);
      const first = receivePolicy === "drop-newest" ? 10 : 26;
      assertEquals(b.texts.map(Number), [first, first + 1, first + 2, first + 3]);
    }
  },

  "datagrams wait while a promise of datagramReceived is pending": async (scene) => {
    let active = 0;
    let most = 0;
    const [a, b] = [
      await scene.open(),
      await scene.open({
        async datagramReceived(): Promise<void> {
          most = Math.max(most, ++active);
          await turns(1);
          active--;
        },
      }),
    ];
    for (let i = 0; i < 10; i++) a.transport.sendto(`${i}`, b.address);
    await b.arrived(10);
    while (active > 0) await turns(1);
    assertEquals([most, b.texts.map(Number)], [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  },

  "setProtocol() delivers later datagrams to the new protocol": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    a.transport.sendto("for the first", b.address);
    await b.arrived(1);
    const second = Promise.withResolvers<string>();
    const protocol = {
      datagramReceived: (data: Bytes) => second.resolve(new TextDecoder().decode(data)),
      connectionLost: () => b.connectionLost(null),
    };
    b.transport.setProtocol(protocol);
    assertEquals(b.transport.getProtocol(), protocol);
    a.transport.sendto("for the second", b.address);
    assertEquals(await second.promise, "for the second");
    assertEquals(b.received.length, 1);
  },
});

const withTruncation = casesOf({
  "a datagram longer than maxDatagramSize goes to errorReceived, and no further": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open({}, { maxDatagramSize: 100 })];
    a.transport.sendto(new Uint8Array(99), b.address);
    a.transport.sendto(new Uint8Array(100), b.address);
    a.transport.sendto(new Uint8Array(101).fill(7), b.address);
    a.transport.sendto(new Uint8Array(5000), b.address);
    a.transport.sendto("next", b.address);
    await b.arrived(3);
    assertEquals(b.received.map(({ data }) => data.length), [99, 100, 4]);
    assertEquals([b.errors.length, b.transport.dropped.truncated], [2, 2]);
    assertInstanceOf(b.errors[0], DatagramTruncatedError);
    assertEquals(b.errors[0].partial, new Uint8Array(100).fill(7));
    assertEquals(b.errors[0].address, a.address);
    assert(!b.transport.isClosing());
  },
}, { needs: ["truncation"] });

/** Receiving, holding back, lending and dropping. */
export const datagramReceivingCases: readonly DatagramCase[] = [
  ...always,
  ...withTruncation,
];
