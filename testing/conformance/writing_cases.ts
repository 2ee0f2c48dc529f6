import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, turns } from "./scene.ts";
import { assertAllReceived } from "./traffic.ts";

/** Things that are neither bytes nor a string. */
const NOT_BYTES: readonly unknown[] = [
  undefined,
  null,
  7,
  true,
  [1, 2],
  { length: 1 },
  new ArrayBuffer(2),
  new DataView(new ArrayBuffer(2)),
  new Uint16Array(2),
];

/** The arguments of `write` and `writelines`, and the bytes that they send. */
export const writingCases: readonly ConformanceCase[] = casesOf({
  "write() of a value of any other kind throws TypeError and sends nothing": async (scene) => {
    const [a, b] = await scene.pair();
    for (const value of NOT_BYTES) {
      // On purpose: callers without types do this.
      assertThrows(() => a.transport.write(value as string), TypeError);
    }
    a.transport.write("ok");
    a.transport.close();
    // Nor may it be taken for empty data once the peer is gone.
    assertThrows(() => a.transport.write(null as unknown as string), TypeError);
    await b.transport.closed;
    assertEquals(b.protocol.receivedText, "ok");
  },

  "writelines() with one wrong part throws TypeError and sends none of them": async (scene) => {
    const [a, b] = await scene.pair();
    for (const value of NOT_BYTES) {
      assertThrows(() => a.transport.writelines(["no", value as string, "no"]), TypeError);
    }
    a.transport.writelines(["o", "k"]);
    await assertAllReceived(a, b, "ok");
  },

  "Strings are sent as UTF-8": async (scene) => {
    const texts = ["plain", "é€😀", "\0", "half a \ud800 pair", "x".repeat(50_000) + "ü"];
    const [a, b] = await scene.pair();
    for (const text of texts) a.transport.write(text);
    a.transport.writelines(texts);
    a.transport.close();
    await b.transport.closed;
    const sent = new TextEncoder().encode(texts.join("") + texts.join(""));
    assertSameBytes(b.protocol.received, sent);
  },

  "Empty data is not sent and does not disturb": async (scene) => {
    const [a, b] = await scene.pair();
    assertEquals(a.transport.write(""), true);
    assertEquals(a.transport.write(new Uint8Array(0)), true);
    assertEquals(a.transport.writelines([]), true);
    assertEquals(a.transport.writelines(["", new Uint8Array(0)]), true);
    assertEquals(a.transport.getWriteBufferSize(), 0);
    await turns();
    assertEquals(b.protocol.order, ["connectionMade"]);
    a.transport.writelines(["", "x", ""]);
    await b.protocol.untilReceived(1);
  },

  "writelines() sends what write() of all parts joined would, from any iterable": async (scene) => {
    const { random } = scene;
    const sent = random.bytes(2_000_000);
    const [a, b] = await scene.pair();
    const pieces = [...random.split(sent, 0, 40_000)];
    for (let i = 0; i < pieces.length; i += 5) {
      const parts = pieces.slice(i, i + 5);
      a.transport.writelines(random.pick<Iterable<Uint8Array>>(parts, parts.values()));
      if (random.below(3) === 0) await flushed(a.transport);
    }
    await assertAllReceived(a, b, sent);
  },

  "Changing up to 16 KiB after write() or writelines() changes nothing sent": async (scene) => {
    const { random } = scene;
    const [a, b] = await scene.pair();
    const expected = [];
    for (const size of [1, 100, 2048, 2049, 4096, 10_000, 16_384]) {
      for (const method of ["write", "writelines"] as const) {
        const data = random.bytes(size);
        expected.push(data.slice());
        if (method === "write") a.transport.write(data);
        else a.transport.writelines([data]);
        data.fill(0);
        if (random.below(2) === 0) await flushed(a.transport);
      }
    }
    await assertAllReceived(a, b, ...expected);
  },

  "write() sends the part of a buffer that a view shows": async (scene) => {
    const whole = scene.random.bytes(300_000);
    const [a, b] = await scene.pair();
    const views = [[5, 6], [7, 3000], [1000, 1000], [20_000, 290_001]] as const;
    for (const [start, end] of views) a.transport.write(whole.subarray(start, end));
    a.transport.close();
    await b.transport.closed;
    const shown = views.map(([start, end]) => whole.subarray(start, end));
    assertSameBytes(b.protocol.received, await new Blob(shown).bytes());
  },

  "write() sends bytes of any kind of buffer, and does not change them": async (scene) => {
    const [a, b] = await scene.pair();
    const kept: [Uint8Array, Bytes][] = [];
    for (const size of [100, 20_000]) {
      for (const memory of memories(size)) {
        memory.set(scene.random.bytes(size));
        kept.push([memory, Uint8Array.from(memory)]);
        a.transport.write(memory);
        if (scene.random.below(2) === 0) await flushed(a.transport);
      }
    }
    await assertAllReceived(a, b, ...kept.map(([, sent]) => sent));
    for (const [memory, sent] of kept) assertSameBytes(Uint8Array.from(memory), sent);
  },

  "write() and writelines() throw TypeError for values that cannot be sent": async (scene) => {
    const [a, b] = await scene.pair();
    const gone = new Uint8Array(5);
    gone.buffer.transfer();
    const odd: unknown[] = [
      undefined,
      null,
      5,
      {},
      new ArrayBuffer(1),
      new DataView(
        new ArrayBuffer(1),
      ),
      Promise.resolve("x"),
      new Uint16Array(1),
      gone,
    ];
    for (const value of odd) {
      assertThrows(() => a.transport.write(value as Uint8Array), TypeError, "Cannot write");
      const parts = ["x", value as Uint8Array];
      assertThrows(() => a.transport.writelines(parts), TypeError, "Cannot write");
    }
    const uncountable = [5, null, {}, { length: 0 }, Promise.resolve(["x"]), parts()];
    for (const value of [...uncountable, new Blob(["x"]).stream(), new Uint8Array(1)]) {
      const lines = value as Iterable<string>;
      assertThrows(() => a.transport.writelines(lines), TypeError, "Cannot write");
    }
    a.transport.write("end");
    await assertAllReceived(a, b, "end");
  },

  "writelines() of a generator that reuses one buffer sends each content of it": async (scene) => {
    const [a, b] = await scene.pair();
    const buffer = new Uint8Array(70_000);
    function* again(): Generator<Uint8Array> {
      for (const size of [3, 20_000, 1000, 70_000]) {
        for (const fill of [1, 2, 3]) yield buffer.fill(fill).subarray(0, size);
      }
    }
    a.transport.writelines(again());
    a.transport.close();
    await b.transport.closed;
    const expected = [3, 20_000, 1000, 70_000].flatMap((size) =>
      [1, 2, 3].map((fill) => new Uint8Array(size).fill(fill))
    );
    assertSameBytes(b.protocol.received, await new Blob(expected).bytes());
  },

  "Memory that is detached while it is queued ends the connection at once": async (scene) => {
    const [a, b] = await scene.pair();
    b.transport.pauseReading();
    a.transport.write(new Uint8Array(4_000_000));
    const memory = new Uint8Array(20_000);
    a.transport.write(memory);
    memory.buffer.transfer();
    b.transport.resumeReading();
    a.transport.close();
    const { error, bytesUnsent } = await a.transport.closed;
    assert(error instanceof TypeError, `ended with ${error}`);
    assert(bytesUnsent >= 20_000, `${bytesUnsent} bytes are said to be unsent`);
    b.transport.abort();
  },

  "getWriteBufferSize() rises with what is queued and falls to 0": async (scene) => {
    const [a, b] = await scene.pair();
    assertEquals(a.transport.getWriteBufferSize(), 0);
    a.transport.write(new Uint8Array(1_000_000));
    const size = a.transport.getWriteBufferSize();
    assert(size >= 0 && size <= 1_000_000, `${size}`);
    await flushed(a.transport);
    await b.protocol.untilReceived(1_000_000);
  },
});

/** Views of `size` bytes over all kinds of memory. */
function memories(size: number): Uint8Array[] {
  return [
    Buffer.alloc(size),
    Buffer.alloc(size + 9).subarray(9),
    new Uint8Array(new SharedArrayBuffer(size + 5), 5),
    new Uint8Array(new ArrayBuffer(size, { maxByteLength: 2 * size })),
    new Uint8Array(new WebAssembly.Memory({ initial: 2 }).buffer, 7, size),
  ];
}

async function* parts(): AsyncGenerator<string> {
  yield await Promise.resolve("x");
}
