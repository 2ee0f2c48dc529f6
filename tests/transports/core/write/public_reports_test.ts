/** Faults that others had with writes, as their public reports describe them. */
import { assert, assertEquals } from "@std/assert";
import type { AnyProtocol } from "../../../../protocols/contract.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import type { MakeTransportPair } from "../../../../testing/make_transport_pair.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import { tcpPair } from "../../../support/pairs/transport_pairs.ts";

const PAIRS: Record<string, MakeTransportPair> = { memory: memoryTransportPair, TCP: tcpPair };

for (const [medium, makePair] of Object.entries(PAIRS)) {
  const pairOf = (a: AnyProtocol, b: AnyProtocol) => makePair(() => a, () => b, {});

  Deno.test(`python/cpython#103462: writelines() of more than one send leaves whole: ${medium}`, async () => {
    const received = new RecordingProtocol();
    const [a, b, cleanup] = await pairOf({}, received);
    a.transport.writelines([...new Array(100).fill(new Uint8Array(6500)), "end"]);
    a.transport.close();
    assertEquals((await b.transport.closed).bytesRead, 650_003);
    assert(received.receivedText.endsWith("\0end"));
    await cleanup?.();
  });

  Deno.test(`python/cpython#155888: an empty part does not keep close() from ending: ${medium}`, async () => {
    const [a, b, cleanup] = await pairOf({}, {});
    a.transport.writelines(["hello", new Uint8Array(0), ""]);
    a.transport.close();
    assertEquals((await a.transport.closed).bytesWritten, 5);
    assertEquals((await b.transport.closed).bytesRead, 5);
    await cleanup?.();
  });

  Deno.test(`python/cpython#127655: writelines() pauses the writer as write() does: ${medium}`, async () => {
    const writer = new RecordingProtocol();
    const [a, b, cleanup] = await pairOf(writer, {});
    b.transport.pauseReading();
    const parts = new Array(400).fill(new Uint8Array(20_000));
    assertEquals(a.transport.writelines(parts), false);
    assertEquals(writer.count("pauseWriting"), 1);
    a.transport.abort();
    await a.transport.closed;
    await cleanup?.();
  });

  Deno.test(`python/cpython#136234: writelines() on a lost connection does what write() does: ${medium}`, async () => {
    const [a, b, cleanup] = await pairOf({}, {});
    b.transport.abort();
    await a.transport.closed;
    assertEquals(a.transport.writelines(["x", "y"]), a.transport.write("x"));
    assertEquals(a.transport.getWriteBufferSize(), 0);
    await cleanup?.();
  });

  Deno.test(`reactphp/stream#22: bytes written in resumeWriting() leave once, after the others: ${medium}`, async () => {
    const received = new RecordingProtocol();
    const [a, b, cleanup] = await pairOf({}, received);
    b.transport.pauseReading();
    a.transport.setProtocol({
      resumeWriting: () => {
        a.transport.write("bar\n");
        a.transport.close();
      },
    });
    a.transport.write(`foo\n${"z".repeat(9_000_000)}`);
    b.transport.resumeReading();
    assertEquals((await b.transport.closed).bytesRead, 9_000_008);
    assert(received.receivedText.endsWith("zbar\n"));
    await cleanup?.();
  });
}
