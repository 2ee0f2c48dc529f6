import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, type Scene, turns } from "./scene.ts";
import { assertReceives, sendInPieces, stream } from "./traffic.ts";

/** Protocols that have chunks lent. */
export const lentMemoryCases: readonly ConformanceCase[] = casesOf({
  "A lent chunk is empty after dataReceived() returned, and shows no other byte": async (scene) => {
    const sent = scene.random.bytes(1_000_000);
    const chunks: Bytes[] = [];
    const seen: Bytes[] = [];
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived(chunk): void {
        assertEquals(chunks.filter(({ length }) => length > 0).length, 0);
        seen.push(Uint8Array.from(chunk));
        chunks.push(chunk);
      },
    });
    await sendInPieces(scene, a.transport, sent);
    await b.protocol.untilReceived(sent.length);
    await turns();
    assertSameBytes(await new Blob(seen).bytes(), sent);
    for (const chunk of chunks) assertEquals(chunk.length, 0);
  },

  "A lent chunk stays until the promise of dataReceived() settles, not longer": async (scene) => {
    const sent = scene.random.bytes(300_000);
    const chunks: Bytes[] = [];
    const seen: Bytes[] = [];
    let underWay = 0;
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      async dataReceived(chunk): Promise<void> {
        assertEquals(++underWay, 1);
        const before = Uint8Array.from(chunk);
        await turns(1);
        assertSameBytes(chunk, before);
        seen.push(before);
        chunks.push(chunk);
        underWay--;
      },
    });
    await sendInPieces(scene, a.transport, sent);
    await b.protocol.untilReceived(sent.length);
    while (underWay > 0) await turns(1);
    await turns();
    assertSameBytes(await new Blob(seen).bytes(), sent);
    for (const chunk of chunks) assertEquals(chunk.length, 0);
  },

  "Lent chunks that are sent back come back whole and in order": (scene) =>
    sendBack(scene, (chunk, transport) => transport.write(chunk)),

  "Parts of a lent chunk that are sent back come back whole and in order": (scene) =>
    sendBack(scene, (chunk, transport) => {
      const at = scene.random.below(chunk.length);
      const parts = [chunk.subarray(0, at), chunk.subarray(at)];
      if (scene.random.below(2) === 0) return transport.writelines(parts);
      return parts.map((part) => transport.write(part)).every(Boolean);
    }),

  "A lent chunk that is sent back twice comes back twice": async (scene) => {
    const sent = scene.random.bytes(200_000);
    const seen: Bytes[] = [];
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived(chunk): void {
        seen.push(Uint8Array.from(chunk));
        b.transport.write(chunk);
        b.transport.write(chunk, { transfer: true });
      },
    });
    await sendInPieces(scene, a.transport, sent);
    await a.protocol.untilReceived(2 * sent.length);
    const expected = await new Blob(seen.flatMap((chunk) => [chunk, chunk])).bytes();
    assertSameBytes(a.protocol.received, expected);
  },

  "Lent chunks that are written asynchronously, and waited for, come back whole": async (scene) => {
    const sent = scene.random.bytes(300_000);
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      async dataReceived(chunk): Promise<void> {
        const half = chunk.length >> 1;
        b.transport.write(chunk.subarray(0, half));
        if (scene.random.below(2) === 0) await turns(1);
        b.transport.write(chunk.subarray(half));
        await flushed(b.transport);
      },
    });
    await sendInPieces(scene, a.transport, sent);
    await assertReceives(a.protocol, sent);
  },

  "Lent chunks that another connection sends arrive there whole and in order": async (scene) => {
    const sent = scene.random.bytes(1_500_000);
    const [c, d] = await scene.pair();
    const [a] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived: (chunk) => void c.transport.write(chunk),
    });
    await stream(scene, a.transport, sent);
    await assertReceives(d.protocol, sent);
  },

  "close() inside dataReceived() sends what was written of a lent chunk before": async (scene) => {
    const data = scene.random.bytes(60_000);
    let received = 0;
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived(chunk): void {
        received += chunk.length;
        b.transport.write(chunk);
        // Bytes that come after close() would make the system reset the connection.
        if (received === data.length) b.transport.close();
      },
    });
    a.transport.write(data);
    await b.transport.closed;
    await assertReceives(a.protocol, data);
  },

  "abort() and an exception inside dataReceived() empty the lent chunk as well": async (scene) => {
    for (const end of ["abort", "throw"]) {
      const chunks: Bytes[] = [];
      const [a, b] = await scene.pair({}, {
        borrowsChunks: true,
        dataReceived(chunk): void {
          chunks.push(chunk);
          b.transport.write(chunk);
          if (end === "abort") b.transport.abort();
          else throw new Error("Thrown on purpose");
        },
      });
      a.transport.write(scene.random.bytes(60_000));
      await b.transport.closed;
      await turns();
      assertEquals(chunks.map(({ length }) => length), [0]);
      scene.reported.length = 0;
    }
  },

  "Bytes of a lent chunk that setProtocol() is given go to the next protocol": async (scene) => {
    const sent = scene.random.bytes(100_000);
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived: (chunk) => b.transport.setProtocol(next, { unread: chunk.subarray(1) }),
    });
    const next = new RecordingProtocol();
    for (const piece of scene.random.split(sent, 1, 40_000)) a.transport.write(piece);
    await next.untilReceived(sent.length - 1);
    assertSameBytes(next.received, sent.subarray(1));
    b.transport.setProtocol(b.protocol);
  },

  "Pausing and switching of lent and given loses, doubles and moves no byte": async (scene) => {
    const { random } = scene;
    const sent = random.bytes(600_000);
    const all = new Recording();
    const [a, b] = await scene.pair();
    const next = () => {
      b.transport.setProtocol(random.pick(all.borrower, all.keeper, all.slowBorrower));
      if (random.below(4) === 0) b.transport.pauseReading();
    };
    all.onChunk = next;
    next();
    for (const piece of random.split(sent, 1, 50_000)) a.transport.write(piece);
    while (all.length < sent.length) {
      await turns(1);
      b.transport.resumeReading();
      if (random.below(2) === 0) next();
      b.transport.resumeReading();
    }
    await turns();
    assertSameBytes(await all.bytes(), sent);
    all.assertKept(sent);
    b.transport.setProtocol(b.protocol);
  },

  "A lent chunk may be transferred: no other byte is lost": async (scene) => {
    const sent = scene.random.bytes(400_000);
    const [a, b] = await scene.pair({}, {
      borrowsChunks: true,
      dataReceived: (chunk) => void structuredClone(chunk, { transfer: [chunk.buffer] }),
    });
    await sendInPieces(scene, a.transport, sent);
    await assertReceives(b.protocol, sent);
  },
});

/** Protocols of both kinds that write down what they get. */
class Recording {
  readonly keeper: ProtocolCallbacks = {
    dataReceived: (chunk) => {
      this.#kept.push([this.length, chunk]);
      this.#take(chunk);
    },
  };
  readonly borrower: ProtocolCallbacks = {
    borrowsChunks: true,
    dataReceived: (chunk) => this.#take(chunk),
  };
  readonly slowBorrower: ProtocolCallbacks = {
    borrowsChunks: true,
    dataReceived: async (chunk) => {
      await turns(1);
      this.#take(chunk);
    },
  };
  onChunk: () => void = () => {};
  length = 0;
  readonly #seen: Bytes[] = [];
  readonly #kept: [offset: number, chunk: Bytes][] = [];

  bytes(): Promise<Uint8Array> {
    return new Blob(this.#seen).bytes();
  }

  /** Checks that given chunks are still what they were. */
  assertKept(sent: Bytes): void {
    for (const [offset, chunk] of this.#kept) {
      assert(chunk.length > 0, "a given chunk was taken back");
      assertSameBytes(chunk, sent.subarray(offset, offset + chunk.length));
    }
  }

  #take(chunk: Bytes): void {
    this.#seen.push(Uint8Array.from(chunk));
    this.length += chunk.length;
    this.onChunk();
  }
}

/** Has everything sent back with `answer`, which tells whether more may be written. */
async function sendBack(
  scene: Scene,
  answer: (chunk: Bytes, transport: Transport) => boolean,
): Promise<void> {
  const sent = scene.random.bytes(2_097_152);
  const [a, b] = await scene.pair({}, {
    borrowsChunks: true,
    dataReceived: (chunk) => answer(chunk, b.transport) ? undefined : b.transport.pauseReading(),
    resumeWriting: () => b.transport.resumeReading(),
  });
  await stream(scene, a.transport, sent);
  await assertReceives(a.protocol, sent);
}
