import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";

Deno.test("setProtocol() refuses invalid options, and keeps the protocol", async () => {
  const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}));
  const protocol = transport.getProtocol();
  const detached = new Uint8Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  for (
    const [options, text] of [
      [detached, "memory was transferred away"],
      [{ unred: new Uint8Array(1) }, 'there is no option "unred"; did you mean "unread"?'],
      [{ unread: "text" }, "it is not a Uint8Array"],
      [{ unread: detached }, "memory was transferred away"],
      [{ replayEof: 1 }, "replayEof 1 is neither true nor false"],
    ] as const
  ) {
    assertThrows(() => transport.setProtocol({}, options as object), TypeError, text);
    assertStrictEquals(transport.getProtocol(), protocol);
  }
  transport.abort();
  await transport.closed;
});

Deno.test("setProtocol() takes bytes alone as unread", async () => {
  const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}));
  const received = Promise.withResolvers<Uint8Array>();
  transport.setProtocol({ dataReceived: received.resolve }, new Uint8Array([1, 2]));
  assertEquals(await received.promise, new Uint8Array([1, 2]));
  transport.abort();
  await transport.closed;
});
