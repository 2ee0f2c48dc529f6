import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { DatagramTooLargeError } from "../../../protocols/errors/datagram_errors.ts";
import { casesOf, type DatagramCase } from "./datagram_scene.ts";

/** Sending, its order, and refusals. */
export const datagramSendingCases: readonly DatagramCase[] = casesOf({
  "sendto() sends datagrams whole, in order, with the sender's address": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const sizes = [1, 0, 1472, 9000, 8, 0, 512];
    const sent = sizes.map((size) => scene.random.bytes(size));
    for (const data of sent) a.transport.sendto(data, b.address);
    await b.arrived(sizes.length);
    assertEquals(b.received.map(({ data }) => data), sent);
    for (const { address } of b.received) assertEquals(address, a.address);
  },

  "sendto() sends 60,000 bytes in one piece, and a string as UTF-8": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const long = scene.random.bytes(60_000);
    a.transport.sendto(long, b.address);
    a.transport.sendto("grüße", b.address);
    await b.arrived(2);
    assertEquals(b.received[0]?.data, long);
    assertEquals(b.texts[1], "grüße");
  },

  "sendto() copies the data: the caller may change it directly afterwards": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const data = new Uint8Array([1, 2, 3, 4]);
    // A view that is a subclass, whose slice() would be no copy.
    for (const view of [data, data.subarray(1, 3)]) {
      a.transport.sendto(view, b.address);
    }
    data.fill(9);
    await b.arrived(2);
    assertEquals(b.received.map(({ data }) => [...data]), [[1, 2, 3, 4], [2, 3]]);
  },

  "sendto() of a connected endpoint needs no address, and accepts its peer's only": async (
    scene,
  ) => {
    const [b, other] = [await scene.open(), await scene.open()];
    const a = await scene.open({}, { peer: b.address });
    assertEquals(a.transport.getExtraInfo("peername"), b.address);
    a.transport.sendto("one");
    a.transport.sendto("two", b.address);
    a.transport.sendto("three", null);
    assertThrows(() => a.transport.sendto("x", other.address), TypeError, "connected to");
    await b.arrived(3);
    assertEquals(b.texts, ["one", "two", "three"]);
  },

  "sendto() refuses data that is not bytes, and a call without an address": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    for (
      const data of [1, null, undefined, {}, [1, 2], new ArrayBuffer(3), Promise.resolve("")]
    ) {
      assertThrows(() => a.transport.sendto(data as unknown as string, b.address), TypeError);
    }
    for (
      const address of [undefined, null, "127.0.0.1", 9, ["127.0.0.1", 9], {}, { port: "9" }]
    ) {
      assertThrows(() => a.transport.sendto("x", address as unknown as null), TypeError);
    }
    a.transport.sendto("only this", b.address);
    await b.arrived(1);
    assertEquals(b.texts, ["only this"]);
  },

  "sendto() of too long a datagram tells errorReceived, and others follow": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    a.transport.sendto(new Uint8Array(300_000), b.address);
    a.transport.sendto("next", b.address);
    await b.arrived(1);
    await a.until(() => a.errors.length > 0);
    assertInstanceOf(a.errors[0], DatagramTooLargeError);
    assertEquals([a.errors.length, a.errors[0].size], [1, 300_000]);
    assert(!a.transport.isClosing());
  },

  "onSettled is called once for each datagram, in order; errorReceived is not": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const told: string[] = [];
    const done = Promise.withResolvers<void>();
    const settle = (name: string) => (error: Error | null): void => {
      told.push(`${name} ${error?.name ?? "sent"}`);
      if (told.length === 3) done.resolve();
    };
    a.transport.sendto("1", b.address, settle("1"));
    a.transport.sendto(new Uint8Array(300_000), b.address, settle("2"));
    a.transport.sendto("3", b.address, settle("3"));
    await done.promise;
    assertEquals(told, ["1 sent", "2 DatagramTooLargeError", "3 sent"]);
    assertEquals(a.errors, []);
  },

  "pauseWriting and resumeWriting follow the marks, also after a failed send": async (scene) => {
    const limits = { writeBufferLimits: { high: 100, low: 20 } };
    const [a, b] = [await scene.open({}, limits), await scene.open()];
    assertEquals(a.transport.getWriteBufferLimits(), { high: 100, low: 20 });
    assertEquals(a.transport.sendto(new Uint8Array(60), b.address), true);
    assertEquals(a.transport.getWriteBufferSize(), 68);
    assertEquals(a.transport.sendto(new Uint8Array(300_000), b.address), false);
    assertEquals(a.count("pauseWriting"), 1);
    await a.until(() => a.count("resumeWriting") === 1);
    assertEquals(a.transport.getWriteBufferSize(), 0);
    assertEquals(a.errors.length, 1);
  },

  "a full send queue drops by its policy, counts it, and keeps its limit": async (scene) => {
    for (const sendPolicy of ["wait", "drop-newest", "drop-oldest"] as const) {
      const a = await scene.open({}, { maxWriteBuffer: 1000, sendPolicy });
      const b = await scene.open();
      for (let i = 0; i < 100; i++) {
        a.transport.sendto(`${i}`.padStart(92, "0"), b.address);
        assert(a.transport.getWriteBufferSize() <= 1100, sendPolicy);
      }
      const left = 100 - a.transport.dropped.sent;
      assertEquals(left, 11, sendPolicy);
      await b.arrived(left);
      const numbers = b.texts.map(Number);
      assertEquals(numbers[0], 0, "the first is on its way already");
      const last = sendPolicy === "drop-oldest" ? 99 : 10;
      assertEquals(numbers.at(-1), last, sendPolicy);
      assertEquals(
        a.errors.map(({ name }) => name),
        sendPolicy === "wait" ? ["WriteBufferFullError"] : [],
      );
    }
  },

  "One long datagram replaces as many short ones in the queue as it needs": async (scene) => {
    const a = await scene.open({}, { maxWriteBuffer: 1000, sendPolicy: "drop-oldest" });
    const b = await scene.open();
    for (let i = 0; i < 100; i++) a.transport.sendto("", b.address);
    for (let i = 0; i < 100; i++) {
      a.transport.sendto(new Uint8Array(5000), b.address);
      assert(a.transport.getWriteBufferSize() <= 1000 + 5008, `${i}`);
    }
  },

  "onSettled that throws or rejects is reported, and later datagrams are sent": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const failure = new Error("Thrown by the test");
    const reject = (): void => {
      throw failure;
    };
    a.transport.sendto("first", b.address, reject);
    // deno-lint-ignore require-await -- its rejection is what the case is about
    a.transport.sendto("second", b.address, async () => reject());
    a.transport.sendto("third", b.address);
    await b.arrived(3);
    await a.until(() => a.reported.length === 2);
    a.transport.close();
    a.transport.sendto("too late", b.address, reject);
    await a.transport.closed;
    const expected = { callback: "onSettled", error: failure };
    assertEquals(a.reported.splice(0), [expected, expected, expected]);
  },
});
