import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { casesOf, type ConformanceCase, type Scene, turns } from "./scene.ts";

/** Another protocol in mid-stream. */
export const protocolSwitchCases: readonly ConformanceCase[] = casesOf({
  "getProtocol() gives the protocol of the factory, then that of setProtocol()": async (scene) => {
    const [a] = await scene.pair();
    assertStrictEquals(a.transport.getProtocol(), a.protocol);
    const next = {};
    a.transport.setProtocol(next);
    assertStrictEquals(a.transport.getProtocol(), next);
    a.transport.setProtocol(a.protocol);
  },

  "setProtocol() calls neither protocol; later chunks go to the new one": async (scene) => {
    const heard: string[] = [];
    const lost = Promise.withResolvers<void>();
    const [a, b] = await scene.connect(new RecordingProtocol(), {
      connectionMade: () => void heard.push("old made"),
      dataReceived: () => void heard.push("old data"),
      connectionLost: () => void heard.push("old lost"),
    });
    const next = {
      connectionMade: () => void heard.push("new made"),
      dataReceived: () => void heard.push("new data"),
      eofReceived: () => void heard.push("new eof"),
      connectionLost: () => {
        heard.push("new lost");
        lost.resolve();
      },
    };
    b.transport.setProtocol(next);
    a.transport.write("x");
    a.transport.close();
    await lost.promise;
    assertEquals(heard, ["old made", "new data", "new eof", "new lost"]);
  },

  "setProtocol() inside connectionMade() takes everything that comes": async (scene) => {
    const received = Promise.withResolvers<void>();
    const [a] = await scene.connect(new RecordingProtocol(), {
      connectionMade: (transport: Transport) =>
        transport.setProtocol({ dataReceived: () => received.resolve() }),
    });
    a.transport.write("x");
    await received.promise;
  },

  "A held chunk goes to the protocol that is set when reading resumes": async (scene) => {
    const [a, b] = await scene.pair();
    const next = new RecordingProtocol();
    await turns();
    b.transport.pauseReading();
    a.transport.write("held");
    await turns();
    b.transport.setProtocol(next);
    b.transport.resumeReading();
    await next.untilReceived(4);
    assertEquals(next.receivedText, "held");
    assertEquals(b.protocol.receivedLength, 0);
    b.transport.setProtocol(b.protocol);
  },

  "Switching inside dataReceived() and bufferUpdated() loses, doubles and moves no byte": (scene) =>
    switchAtRandom(scene, "inside"),

  "Switching at any time loses, doubles and moves no byte": (scene) =>
    switchAtRandom(scene, "outside"),

  "Unread bytes of setProtocol() come first, also while reading is paused": async (scene) => {
    const [a, b] = await scene.pair({}, {
      dataReceived(chunk): void {
        b.transport.pauseReading();
        b.transport.setProtocol(next, { unread: chunk });
      },
    });
    const next = new RecordingProtocol();
    a.transport.write("abcd");
    await b.protocol.until("dataReceived");
    a.transport.write("ef");
    await turns();
    assertEquals(next.receivedLength, 0);
    b.transport.resumeReading();
    await next.untilReceived(6);
    assertEquals(next.receivedText, "abcdef");
    // So that its record is complete.
    b.transport.setProtocol(b.protocol);
  },

  "Unread bytes are delivered although nothing arrives, also in small pieces": async (scene) => {
    const [, b] = await scene.pair();
    await turns();
    const bytes = scene.random.bytes(1000);
    const collector = new Collector(scene, 7);
    b.transport.setProtocol(collector.buffered, { unread: bytes.slice() });
    assertEquals(collector.length, 0, "delivered inside setProtocol()");
    await collector.until(1000);
    collector.assertReceived(bytes);
    b.transport.setProtocol(b.protocol);
  },
});

/** Protocols of all kinds that collect their bytes in one array. */
class Collector {
  readonly bytes: Uint8Array = new Uint8Array(1_000_000);
  readonly plain: AnyProtocol;
  readonly buffered: AnyProtocol;
  readonly tiny: AnyProtocol;
  /** Called after every piece. */
  onPiece: () => void = () => {};
  length = 0;
  // The chunks that the plain protocol keeps, by where they belong.
  readonly #kept: [offset: number, chunk: Uint8Array][] = [];

  constructor(scene: Scene, tinySize: number) {
    this.plain = {
      dataReceived: (chunk) => {
        this.#kept.push([this.length, chunk]);
        this.#take(chunk);
      },
    };
    const whole = new Uint8Array(100_000);
    this.buffered = this.#lender(() => whole.subarray(0, 1 + scene.random.below(whole.length)));
    const small = new Uint8Array(tinySize);
    this.tiny = this.#lender(() => small);
  }

  async until(length: number): Promise<void> {
    while (this.length < length) await turns(1);
  }

  /** Checks what came, and that what was kept is still the same. */
  assertReceived(expected: Uint8Array): void {
    assertSameBytes(this.bytes.subarray(0, this.length), expected);
    for (const [offset, chunk] of this.#kept) {
      assertSameBytes(chunk, expected.subarray(offset, offset + chunk.length));
    }
  }

  #lender(lend: () => Bytes): AnyProtocol {
    let buffer = new Uint8Array(0);
    return {
      getBuffer: () => buffer = lend(),
      bufferUpdated: (bytes) => this.#take(buffer.subarray(0, bytes)),
    };
  }

  #take(piece: Uint8Array): void {
    this.bytes.set(piece, this.length);
    this.length += piece.length;
    this.onPiece();
  }
}

async function switchAtRandom(scene: Scene, where: "inside" | "outside"): Promise<void> {
  const { random } = scene;
  const sent = random.bytes(600_000);
  const collector = new Collector(scene, 1000);
  let switches = 0;
  const [a, b] = await scene.connect(new RecordingProtocol(), collector.plain);
  const next = () => {
    switches++;
    b.transport.setProtocol(random.pick(collector.plain, collector.buffered, collector.tiny));
  };
  if (where === "inside") collector.onPiece = next;
  for (const piece of random.split(sent, 1, 50_000)) {
    a.transport.write(piece);
    if (where === "outside" || random.below(2) === 0) await turns(1);
    if (where === "outside") next();
  }
  await collector.until(sent.length);
  assert(switches > 10, `${switches} switches`);
  collector.assertReceived(sent);
}
