import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import type { WriteOptions } from "../../protocols/contract.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, turns } from "./scene.ts";
import { assertReceives, stream } from "./traffic.ts";

const TRANSFER: WriteOptions = { transfer: true };

/** Around every size at which a transport may treat memory in another way, in bytes. */
const SIZES = [1, 100, 511, 512, 4096, 16_384, 16_385, 65_536, 200_000, 1_000_000];

/** The fate of memory that is given away. */
export const transferredMemoryCases: readonly ConformanceCase[] = casesOf({
  "write() with transfer detaches the data at once, and sends all of it": async (scene) => {
    const [a, b] = await scene.pair();
    const expected: Bytes[] = [];
    for (const size of [...SIZES, ...SIZES.toReversed()]) {
      const data = Uint8Array.from(scene.random.bytes(size));
      expected.push(data.slice());
      const view = data.subarray(0, 1);
      a.transport.write(data, TRANSFER);
      assertEquals([data.length, view.length, data.buffer.detached], [0, 0, true]);
      if (scene.random.below(2) === 0) await flushed(a.transport);
    }
    await assertReceives(b.protocol, ...expected);
  },

  "writelines() with transfer detaches and sends every part of any iterable": async (scene) => {
    const [a, b] = await scene.pair();
    const expected: Bytes[] = [];
    for (let round = 0; round < 10; round++) {
      const parts = SIZES.map((size) => Uint8Array.from(scene.random.bytes(size)));
      expected.push(...parts.map((part) => part.slice()));
      a.transport.writelines(scene.random.pick<Iterable<Uint8Array>>(parts, parts.values()), {
        transfer: true,
      });
      assertEquals(parts.map(({ length }) => length), SIZES.map(() => 0));
      await flushed(a.transport);
    }
    await assertReceives(b.protocol, ...expected);
  },

  "Part of a buffer, or one that cannot be transferred, is sent and not detached": async (
    scene,
  ) => {
    const [a, b] = await scene.pair();
    const expected: Bytes[] = [];
    for (const size of [10, 30_000]) {
      for (const data of untransferable(size)) {
        data.set(scene.random.bytes(size));
        const copy = Uint8Array.from(data);
        expected.push(copy);
        a.transport.write(data, TRANSFER);
        // The memory is the writer's at once.
        assertSameBytes(Uint8Array.from(data), copy);
        data.fill(0);
      }
    }
    a.transport.write("a string", TRANSFER);
    a.transport.write("", TRANSFER);
    await assertReceives(b.protocol, ...expected, "a string");
  },

  "writelines() with transfer sends parts that share their memory, each of them": async (scene) => {
    const [a, b] = await scene.pair();
    const expected: Bytes[] = [];
    for (const size of [10, 30_000]) {
      const data = Uint8Array.from(scene.random.bytes(size));
      const parts = [data, data.subarray(3), data, new Uint8Array(data.buffer)];
      expected.push(...parts.map((part) => part.slice()));
      a.transport.writelines(parts, TRANSFER);
      assertEquals(parts.map(({ length }) => length), [0, 0, 0, 0]);
    }
    await assertReceives(b.protocol, ...expected);
  },

  "Given chunks that are sent back with transfer come back whole": async (scene) => {
    const sent = scene.random.bytes(2_097_152);
    const kept: [offset: number, chunk: Bytes][] = [];
    let offset = 0;
    const [a, b] = await scene.pair({
      dataReceived(chunk): void {
        kept.push([offset, chunk]);
        offset += chunk.length;
      },
    }, {
      dataReceived: (chunk) =>
        b.transport.write(chunk, TRANSFER) ? undefined : b.transport.pauseReading(),
      resumeWriting: () => b.transport.resumeReading(),
    });
    await stream(scene, a.transport, sent);
    await assertReceives(a.protocol, sent);
    for (const [start, chunk] of kept) {
      assertSameBytes(chunk, sent.subarray(start, start + chunk.length));
    }
  },

  "Transferred data is refused the second time, and sent once": async (scene) => {
    const [a, b] = await scene.pair();
    const data = new Uint8Array([1, 2, 3]);
    a.transport.write(data, TRANSFER);
    assertThrows(() => a.transport.write(data, TRANSFER), TypeError, "transferred away");
    const both = new Uint8Array([4]);
    a.transport.writelines([both, new Uint8Array([5])], TRANSFER);
    assertThrows(() => a.transport.writelines(["x", both], TRANSFER), TypeError);
    await b.protocol.untilReceived(5);
    await turns();
    assertSameBytes(b.protocol.received, new Uint8Array([1, 2, 3, 4, 5]));
  },

  "Data transferred to a closed connection is detached and dropped": async (scene) => {
    const [a, b] = await scene.pair();
    a.transport.close();
    const data = new Uint8Array(20_000);
    a.transport.write(data, TRANSFER);
    assertEquals(data.length, 0);
    await b.transport.closed;
    assertEquals(b.protocol.receivedLength, 0);
  },

  "Options of write() that do not exist or are wrong throw TypeError": async (scene) => {
    const [a, b] = await scene.pair();
    for (const options of [{ transfers: true }, { transfer: "yes" }, null, 5, []]) {
      const wrong = options as WriteOptions;
      const data = new Uint8Array([1]);
      assertThrows(() => a.transport.write(data, wrong), TypeError, "Cannot write");
      assertThrows(() => a.transport.writelines([data], wrong), TypeError, "Cannot write");
      assert(data.length === 1, "it was taken away");
    }
    a.transport.write("end");
    await b.protocol.untilReceived(3);
    assertEquals(b.protocol.receivedText, "end");
  },
});

/** Views of `size` bytes that their holder alone cannot give away. */
function untransferable(size: number): Uint8Array[] {
  return [
    new Uint8Array(size + 7).subarray(7),
    new Uint8Array(size + 7).subarray(0, size),
    new Uint8Array(new SharedArrayBuffer(size)),
    new Uint8Array(new ArrayBuffer(size, { maxByteLength: 2 * size })),
    new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, size),
  ];
}
