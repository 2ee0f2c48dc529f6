/**
 * Arguments that cannot be meant, as callers without types give them, to the methods of a
 * transport: each is refused
 * by an error that names it, and the connection goes on.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { createDatagramEndpoint } from "../../../transports/create_datagram_endpoint.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { Layer } from "../../../transports/stack/layer.ts";

class Mine {}

/** A wrong protocol, and the start of the text. */
const NO_PROTOCOLS: readonly (readonly [given: unknown, text: string])[] = [
  [null, "Cannot set protocol: null is not an object with callbacks"],
  [undefined, "Cannot set protocol: undefined is not an object with callbacks"],
  ["echo", 'Cannot set protocol: "echo" is not an object with callbacks'],
  [Mine, "Cannot set protocol: function Mine is not an object with callbacks; give new Mine()"],
  [Promise.resolve({}), "Cannot set protocol: of class Promise is not an object with callbacks"],
];

/** A wrong reason of an abort, and the text. */
const NO_REASONS: readonly (readonly [given: unknown, text: string])[] = [
  ["text", 'Cannot abort: reason "text" is not an Error'],
  [404, "Cannot abort: reason 404 is not an Error"],
  [null, "Cannot abort: reason null is not an Error"],
  [new Map(), "Cannot abort: reason of class Map is not an Error"],
  [{ because: 1 }, 'Cannot abort: there is no option "because"; the options are reason, reset'],
];

const LAYERS: Readonly<Record<string, readonly LayerFactory[]>> = {
  "a": [],
  "a layered": [(upper, options) => new Layer(upper, options)],
};

for (const [kind, layers] of Object.entries(LAYERS)) {
  Deno.test(`setProtocol() and abort() of ${kind} transport refuse invalid protocols and errors`, async () => {
    const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol(), { layers });
    const before = a.transport.getProtocol();
    for (const [given, text] of NO_PROTOCOLS) {
      assertThrows(() => a.transport.setProtocol(given as object), TypeError, text);
    }
    for (const [given, text] of NO_REASONS) {
      assertThrows(() => a.transport.abort(given as Error), TypeError, text);
    }
    assertEquals([a.transport.getProtocol(), a.transport.isClosing()], [before, false]);
    a.transport.write("still there");
    await b.protocol.untilReceived(11);
    a.transport.abort();
    await Promise.all([a.transport.closed, b.transport.closed]);
  });
}

Deno.test("setProtocol(), setWriteBufferLimits(), sendto() and abort() of a datagram endpoint refuse what they cannot take", async () => {
  const { transport, protocol } = await createDatagramEndpoint(() => ({}), {
    localAddr: { port: 0 },
  });
  for (const [given, text] of NO_PROTOCOLS) {
    assertThrows(() => transport.setProtocol(given as object), TypeError, text);
  }
  assertThrows(
    () => transport.setWriteBufferLimits(5 as unknown as object),
    TypeError,
    "Cannot set write buffer limits: 5 is not an object with options such as { high, low }",
  );
  const own = { port: transport.port };
  for (
    const [given, text] of [
      [[], "Cannot send datagram: onSettled a list is not a function; give one such as"],
      [{ transfer: true }, "Cannot send datagram: onSettled an object is not a function"],
      [null, "Cannot send datagram: onSettled null is not a function"],
    ] as const
  ) {
    assertThrows(() => transport.sendto("x", own, given as unknown as () => void), TypeError, text);
  }
  for (
    const [given, text] of [
      ["text", 'Cannot abort: reason "text" is not an Error'],
      [{ reset: true }, "Cannot abort: reason an object is not an Error"],
    ] as const
  ) {
    assertThrows(() => transport.abort(given as unknown as Error), TypeError, text);
  }
  assertEquals(transport.getProtocol(), protocol);
  transport.close();
  assertEquals((await transport.closed).sent, 0);
});
