import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../protocols/contract.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { RecordingBufferedProtocol } from "../recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { casesOf, type ConformanceCase, type Scene, turns } from "./scene.ts";
import { assertAllReceived, assertReceives, sendInPieces, stream } from "./traffic.ts";

/** Protocols that lend the buffer to read into. */
export const bufferedProtocolCases: readonly ConformanceCase[] = casesOf({
  "A BufferedProtocol gets all bytes through buffers of 1 to 7 bytes": (scene) =>
    receiveThrough(scene, () => new Uint8Array(1 + scene.random.below(7)), 5000),

  "A BufferedProtocol gets all bytes through buffers of changing sizes": (scene) =>
    receiveThrough(
      scene,
      () => new Uint8Array(1 + scene.random.below(scene.random.pick(10, 3000, 200_000))),
      1_500_000,
    ),

  "A BufferedProtocol may lend views into the middle of one buffer": async (scene) => {
    const whole = new Uint8Array(4096);
    await receiveThrough(scene, () => {
      const start = scene.random.below(4000);
      return whole.subarray(start, start + 1 + scene.random.below(96));
    }, 100_000);
  },

  "bufferUpdated() tells at least 1 and at most as many bytes as were lent": async (scene) => {
    let size = 0;
    const [a, b] = await scene.connect(
      new RecordingProtocol(),
      new RecordingBufferedProtocol({
        getBuffer: () => new Uint8Array(size = 1 + scene.random.below(1000)),
        bufferUpdated: (bytes) => assert(bytes >= 1 && bytes <= size, `${bytes} of ${size}`),
      }),
    );
    a.transport.write(scene.random.bytes(200_000));
    await b.protocol.untilReceived(200_000);
  },

  "A BufferedProtocol may send back the buffer that it lends again": async (scene) => {
    const buffer = new Uint8Array(65_536);
    let own: Transport | undefined;
    const sent = scene.random.bytes(1_500_000);
    const [a] = await scene.connect(
      new RecordingProtocol(),
      new RecordingBufferedProtocol({
        connectionMade: (transport) => void (own = transport),
        getBuffer: () => buffer,
        bufferUpdated: (bytes) => void own?.write(buffer.subarray(0, bytes)),
      }),
    );
    await stream(scene, a.transport, sent);
    await assertReceives(a.protocol, sent);
  },

  "Nothing more is received until the promise of bufferUpdated() settles": async (scene) => {
    const work = Promise.withResolvers<void>();
    const [a, b] = await scene.connect(
      new RecordingProtocol(),
      new RecordingBufferedProtocol({ bufferUpdated: () => work.promise }),
    );
    // One byte each: no transport can split them, and the second waits for the first.
    a.transport.write("1");
    await b.protocol.untilReceived(1);
    a.transport.write("2");
    await turns();
    assertEquals(b.protocol.receivedText, "1");
    work.resolve();
    await b.protocol.untilReceived(2);
  },

  "pauseReading() holds a BufferedProtocol's bytes; the end of data comes last": async (scene) => {
    const [a, b] = await scene.connect(new RecordingProtocol(), new RecordingBufferedProtocol());
    await turns();
    b.transport.pauseReading();
    a.transport.write("held");
    a.transport.close();
    await turns();
    assertEquals(b.protocol.order, ["connectionMade"]);
    b.transport.resumeReading();
    await b.transport.closed;
    assertEquals(b.protocol.receivedText, "held");
    assertEquals(b.protocol.order.slice(1), ["bufferUpdated", "eofReceived", "connectionLost"]);
  },

  "An empty buffer of getBuffer() ends the connection with InvalidStateError": async (scene) => {
    const [a, b] = await scene.connect(
      new RecordingProtocol(),
      new RecordingBufferedProtocol({ getBuffer: () => new Uint8Array(0) }),
    );
    a.transport.write("x");
    const { error } = await b.transport.closed;
    assert(error instanceof InvalidStateError, `${error}`);
    scene.reported.length = 0;
  },
});

async function receiveThrough(
  scene: Scene,
  getBuffer: () => Uint8Array,
  length: number,
): Promise<void> {
  const sent = scene.random.bytes(length);
  const [a, b] = await scene.connect(
    new RecordingProtocol(),
    new RecordingBufferedProtocol({ getBuffer }),
  );
  await sendInPieces(scene, a.transport, sent, 50_000);
  await assertAllReceived(a, b, sent);
}
