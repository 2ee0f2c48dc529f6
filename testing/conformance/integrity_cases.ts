import { assertEquals } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, type Scene, turns } from "./scene.ts";
import { assertAllReceived, assertReceives, stream } from "./traffic.ts";

/** Around every size at which a transport may treat data in another way, in bytes. */
const SIZES = [1, 2, 512, 2048, 4096, 16_384, 65_536, 131_072, 1_048_576]
  .flatMap((size) => [size - 1, size, size + 1]);

/** Bytes arrive whole and in order. */
export const integrityCases: readonly ConformanceCase[] = casesOf({
  "Data of many sizes arrives whole and in order": async (scene) => {
    const sent = scene.random.bytes(SIZES.reduce((sum, size) => sum + size));
    const [a, b] = await scene.pair();
    let offset = 0;
    for (const size of SIZES) {
      a.transport.write(sent.subarray(offset, offset += size));
      if (scene.random.below(2) === 0) await flushed(a.transport);
    }
    await assertAllReceived(a, b, sent);
  },

  "200 small writes, each answered before the next, arrive one by one": async (scene) => {
    const [a, b] = await scene.pair({}, {
      dataReceived: (chunk) => void b.transport.write(chunk),
    });
    for (let round = 1; round <= 200; round++) {
      a.transport.write(new Uint8Array([round]));
      await a.protocol.untilReceived(round);
    }
    assertSameBytes(a.protocol.received, Uint8Array.from({ length: 200 }, (_, i) => i + 1));
  },

  "2 MiB each way at the same time, in small pieces, arrive whole and in order": (scene) =>
    exchange(scene, 2_097_152, 1, 3000),

  "4 MiB each way at the same time, in pieces of all sizes, arrive whole and in order": (scene) =>
    exchange(scene, 4_194_304, 0, 300_000),

  "A peer that echoes sends 2 MiB back whole and in order": async (scene) => {
    const sent = scene.random.bytes(2_097_152);
    let own: Transport | undefined;
    const [a] = await scene.pair({}, {
      connectionMade: (transport) => void (own = transport),
      // As everyone should: what cannot be sent is not read.
      dataReceived: (chunk) => own?.write(chunk) ? undefined : own?.pauseReading(),
      resumeWriting: () => own?.resumeReading(),
    });
    await stream(scene, a.transport, sent, 1, 100_000);
    await assertReceives(a.protocol, sent);
  },

  "Writes, writelines and strings in any order arrive whole and in order": async (scene) => {
    const { random } = scene;
    const [a, b] = await scene.pair();
    const encoder = new TextEncoder();
    const expected: Bytes[] = [];
    for (let i = 0; i < 200; i++) {
      const text = "ñ".repeat(random.below(random.pick(3, 100, 3000)));
      const bytes = random.bytes(random.below(random.pick(3, 100, 20_000)));
      expected.push(bytes, encoder.encode(text), encoder.encode(text), bytes);
      a.transport.writelines([bytes, text]);
      a.transport.write(text);
      a.transport.write(bytes);
      if (random.below(10) === 0) await turns(1);
    }
    await assertAllReceived(a, b, ...expected);
  },

  "Two connections do not disturb each other": async (scene) => {
    const pairs = [await scene.pair(), await scene.pair()];
    const sent = pairs.map(() => scene.random.bytes(1_000_000));
    await Promise.all(pairs.map(async ([a, b], index) => {
      const bytes = sent[index] ?? new Uint8Array(0);
      await stream(scene, a.transport, bytes, 1, 3000);
      await assertReceives(b.protocol, bytes);
    }));
    assertEquals(scene.reported, []);
  },
});

/** Sends both ways at the same time, in pieces of any size in between. */
async function exchange(
  scene: Scene,
  length: number,
  smallest: number,
  largest: number,
): Promise<void> {
  const [there, back] = [scene.random.bytes(length), scene.random.bytes(length)];
  const [a, b] = await scene.pair();
  await Promise.all([
    stream(scene, a.transport, there, smallest, largest),
    stream(scene, b.transport, back, smallest, largest),
    b.protocol.untilReceived(length),
    a.protocol.untilReceived(length),
  ]);
  assertSameBytes(b.protocol.received, there);
  assertSameBytes(a.protocol.received, back);
}
