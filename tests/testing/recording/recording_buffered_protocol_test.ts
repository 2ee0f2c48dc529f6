import { assertEquals, assertStrictEquals } from "@std/assert";
import { RecordingBufferedProtocol } from "../../../testing/recording/recording_buffered_protocol.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";

Deno.test("RecordingBufferedProtocol lends a buffer of its own", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingBufferedProtocol());
  a.transport.write("hello");
  await b.protocol.untilReceived(5);
  a.transport.close();
  await b.protocol.until("connectionLost");
  assertEquals(b.protocol.receivedText, "hello");
  assertEquals(b.protocol.order, [
    "connectionMade",
    "bufferUpdated",
    "eofReceived",
    "connectionLost",
  ]);
  assertStrictEquals(b.protocol.getBuffer(-1), b.protocol.getBuffer(-1));
});

Deno.test("RecordingBufferedProtocol passes each call on and gives back the answer", () => {
  const hints: number[] = [];
  const buffer = new Uint8Array([1, 2, 3]);
  const work = Promise.resolve();
  const protocol = new RecordingBufferedProtocol({
    getBuffer: (sizeHint) => {
      hints.push(sizeHint);
      return buffer;
    },
    bufferUpdated: (bytes) => {
      hints.push(bytes);
      return work;
    },
    eofReceived: () => true,
  });
  assertStrictEquals(protocol.getBuffer(9), buffer);
  assertStrictEquals(protocol.bufferUpdated(2), work);
  assertEquals(protocol.eofReceived(), true);
  assertEquals(hints, [9, 2]);
  assertEquals(protocol.received, new Uint8Array([1, 2]));
});
