import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { RecordingBufferedProtocol } from "../recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, flushed, turns } from "./scene.ts";
import { assertReceives, PAUSED, sendInPieces } from "./traffic.ts";

/** The bytes that a protocol gets, and when. */
export const readingCases: readonly ConformanceCase[] = casesOf({
  "dataReceived() is called after connectionMade() has returned": async (scene) => {
    const order: string[] = [];
    const [a, b] = await scene.pair(
      { connectionMade: (transport) => void transport.write("x") },
      {
        connectionMade: () => void order.push("made"),
        dataReceived: () => void order.push("data"),
      },
    );
    a.transport.write("y");
    await b.protocol.untilReceived(2);
    assertEquals(order[0], "made");
  },

  "Chunks hold at least one byte and are over a plain ArrayBuffer": async (scene) => {
    const chunks: Bytes[] = [];
    const [a, b] = await scene.pair({}, { dataReceived: (chunk) => void chunks.push(chunk) });
    for (const size of [1, 3000, 0, 200_000, 1]) {
      a.transport.write(scene.random.bytes(size));
      await flushed(a.transport);
    }
    await b.protocol.untilReceived(203_002);
    for (const chunk of chunks) {
      assert(chunk instanceof Uint8Array && chunk.buffer instanceof ArrayBuffer, "wrong type");
      assert(chunk.length > 0, "an empty chunk");
    }
  },

  "A chunk may be kept: it never changes later": async (scene) => {
    const sent = scene.random.bytes(3_000_000);
    const chunks: Bytes[] = [];
    const [a, b] = await scene.pair({}, { dataReceived: (chunk) => void chunks.push(chunk) });
    await sendInPieces(scene, a.transport, sent);
    await b.protocol.untilReceived(sent.length);
    let offset = 0;
    for (const chunk of chunks) {
      assertSameBytes(chunk, sent.subarray(offset, offset + chunk.length));
      offset += chunk.length;
    }
    assertEquals(offset, sent.length, "bytes that are still there");
  },

  "A chunk may be written over: later chunks are not touched": async (scene) => {
    const sent = scene.random.bytes(500_000);
    const [a, b] = await scene.pair({}, { dataReceived: (chunk) => void chunk.fill(0xee) });
    await sendInPieces(scene, a.transport, sent, 20_000);
    await assertReceives(b.protocol, sent);
  },

  "A chunk owns its buffer: it may be transferred, and no other byte is lost": async (scene) => {
    const sent = scene.random.bytes(400_000);
    const strange: string[] = [];
    const [a, b] = await scene.pair({}, {
      dataReceived(chunk): void {
        const { byteOffset, length, buffer, constructor } = chunk;
        if (byteOffset !== 0 || length !== buffer.byteLength || constructor !== Uint8Array) {
          strange.push(
            `${constructor.name} of ${length} at ${byteOffset} of ${buffer.byteLength}`,
          );
        }
        structuredClone(chunk, { transfer: [buffer] });
      },
    });
    await sendInPieces(scene, a.transport, sent);
    await assertReceives(b.protocol, sent);
    assertEquals(strange, []);
  },

  "pauseReading() inside connectionMade() holds bytes until resumeReading()": async (scene) => {
    const [a, b] = await scene.pair({}, PAUSED);
    assertEquals(b.transport.isReading(), false);
    a.transport.write("early");
    await turns();
    assertEquals(b.protocol.receivedLength, 0);
    b.transport.resumeReading();
    assertEquals(b.protocol.receivedLength, 0, "delivered inside resumeReading()");
    await b.protocol.untilReceived(5);
    assertEquals(b.protocol.receivedText, "early");
  },

  "A chunk that was under way at pauseReading() waits for resumeReading()": async (scene) => {
    const [a, b] = await scene.pair();
    a.transport.write("first");
    await b.protocol.untilReceived(5);
    // By now the transport asks for more.
    await turns();
    b.transport.pauseReading();
    a.transport.write("second");
    await turns();
    assertEquals(b.protocol.receivedText, "first");
    b.transport.resumeReading();
    await b.protocol.untilReceived(11);
    assertEquals(b.protocol.receivedText, "firstsecond");
  },

  "pauseReading() inside dataReceived() lets one chunk at a time through": async (scene) => {
    const sent = scene.random.bytes(300_000);
    let own: Transport | undefined;
    const [a, b] = await scene.pair({}, {
      connectionMade: (transport) => void (own = transport),
      dataReceived: () => own?.pauseReading(),
    });
    for (const piece of scene.random.split(sent, 1, 100_000)) a.transport.write(piece);
    for (let chunks = 1; b.protocol.receivedLength < sent.length; chunks++) {
      await b.protocol.until("dataReceived", { count: chunks });
      await turns(1);
      assertEquals(b.protocol.count("dataReceived"), chunks);
      b.transport.resumeReading();
    }
    assertSameBytes(b.protocol.received, sent);
  },

  "pauseReading() and resumeReading() set isReading(), once and again": async (scene) => {
    const [a, b] = await scene.pair();
    const { transport } = b;
    assertEquals(transport.isReading(), true);
    transport.resumeReading();
    transport.pauseReading();
    transport.pauseReading();
    assertEquals(transport.isReading(), false);
    transport.resumeReading();
    transport.resumeReading();
    assertEquals(transport.isReading(), true);
    a.transport.write("x");
    await b.protocol.untilReceived(1);
    transport.close();
    assertEquals(transport.isReading(), false);
    transport.resumeReading();
    assertEquals(transport.isReading(), false);
  },

  "Pausing and resuming at any time loses, doubles and moves no byte": async (scene) => {
    const { random } = scene;
    const sent = random.bytes(500_000);
    let own: Transport | undefined;
    const [a, b] = await scene.pair({}, {
      connectionMade: (transport) => void (own = transport),
      dataReceived: () => random.below(3) === 0 ? own?.pauseReading() : undefined,
    });
    for (const piece of random.split(sent, 1, 50_000)) a.transport.write(piece);
    while (b.protocol.receivedLength < sent.length) {
      if (random.below(2) === 0) b.transport.pauseReading();
      await turns(1);
      b.transport.resumeReading();
      if (random.below(2) === 0) await turns(1);
    }
    assertSameBytes(b.protocol.received, sent);
  },

  "Nothing more is received until the promise of dataReceived() settles": async (scene) => {
    const sent = scene.random.bytes(200_000);
    let underWay = 0;
    let most = 0;
    const [a, b] = await scene.pair({}, {
      async dataReceived(): Promise<void> {
        most = Math.max(most, ++underWay);
        await turns(1);
        underWay--;
      },
    });
    for (const piece of scene.random.split(sent, 1, 100_000)) a.transport.write(piece);
    await b.protocol.untilReceived(sent.length);
    while (underWay > 0) await turns(1);
    assertSameBytes(b.protocol.received, sent);
    assertEquals(most, 1, "calls at the same time");
  },

  "Results of dataReceived() and bufferUpdated() count only if they are promises": async (
    scene,
  ) => {
    // Callers without types, and arrow functions that return what they call.
    const answer = () => 7 as unknown as void;
    const [a, b] = await scene.connect(
      new RecordingProtocol({ dataReceived: answer }),
      new RecordingBufferedProtocol({ bufferUpdated: answer }),
    );
    for (let length = 1; length < 4; length++) {
      a.transport.write("x");
      b.transport.write("y");
      await Promise.all([a.protocol.untilReceived(length), b.protocol.untilReceived(length)]);
    }
  },

  "pauseReading() holds what comes after the promise of dataReceived() as well": async (scene) => {
    const work = Promise.withResolvers<void>();
    const [a, b] = await scene.pair({}, {
      dataReceived: () => b.protocol.count("dataReceived") === 1 ? work.promise : undefined,
    });
    // One byte each: no transport can split them, and the second waits for the first.
    a.transport.write("1");
    await b.protocol.untilReceived(1);
    a.transport.write("2");
    await turns();
    b.transport.pauseReading();
    work.resolve();
    await turns();
    assertEquals(b.protocol.receivedText, "1");
    b.transport.resumeReading();
    await b.protocol.untilReceived(2);
    assertEquals(b.protocol.receivedText, "12");
  },

  "Both ends may write from inside connectionMade()": async (scene) => {
    const greet = { connectionMade: (transport: Transport) => void transport.write("hello") };
    const [a, b] = await scene.pair(greet, greet);
    await Promise.all([a.protocol.untilReceived(5), b.protocol.untilReceived(5)]);
  },
});
