import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  BufferedProtocol,
  type Bytes,
  createDatagramEndpoint,
  DatagramProtocol,
  FramedProtocol,
  InvalidStateError,
  lineCodec,
  memoryTransportPair,
  Protocol,
  startTls,
  subprocessExec,
  SubprocessProtocol,
  type Transport,
  TransportWrapper,
} from "@sluice/net";
import { insertLayer, Layer, removeLayer } from "@sluice/net/layers";
import { RecordingTransport } from "@sluice/net/testing";
import { localhost, trusting } from "../support/certificates/certificates.ts";
import { settle } from "../support/time/event_loop.ts";

class Buffered extends BufferedProtocol {
  override getBuffer(): Uint8Array {
    return new Uint8Array(16);
  }
}

class Deaf extends Protocol {
  override connectionMade(): void {
    // Without super's.
  }
}

for (
  const make of [
    () => new Protocol(),
    () => new Buffered(),
    () => new Deaf(),
    () => new FramedProtocol(lineCodec()),
  ]
) {
  const { name } = make().constructor;
  Deno.test(`transport of a ${name} is the one it was connected to`, () => {
    const protocol = make();
    assertThrows(
      () => protocol.transport,
      InvalidStateError,
      "Cannot use transport: not connected yet; a connectionMade() of your own has to call super",
    );
    const transport = new RecordingTransport(protocol);
    transport.start();
    protocol.transport.write("x");
    assertEquals(transport.writtenText, "x");
    transport.abort();
  });
}

Deno.test("transport of a DatagramProtocol is the endpoint it was connected to", async () => {
  const made = new DatagramProtocol();
  assertThrows(() => made.transport, InvalidStateError, "Cannot use transport: not connected yet");
  const localAddr = { port: 0 };
  const { transport, protocol } = await createDatagramEndpoint(() => made, { localAddr });
  assertStrictEquals(protocol.transport, transport);
  const next = new DatagramProtocol();
  transport.setProtocol(next);
  assertStrictEquals(next.transport, transport);
  transport.close();
  await transport.closed;
  assertStrictEquals(protocol.transport, transport);
});

Deno.test("transport of a SubprocessProtocol is the process it was connected to", async () => {
  const made = new SubprocessProtocol();
  assertThrows(() => made.transport, InvalidStateError, "Cannot use transport: not connected yet");
  const { transport, protocol } = await subprocessExec(() => made, "cat");
  assertStrictEquals(protocol.transport, transport);
  const next = new SubprocessProtocol();
  transport.setProtocol(next);
  next.transport.getPipeTransport(0)?.close();
  await transport.closed;
});

Deno.test("transport of a protocol is what setProtocol() was called on, without connectionMade()", async () => {
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  const next = new Protocol();
  a.transport.setProtocol(next);
  assertStrictEquals(next.transport, a.transport);
  const wrapper = new TransportWrapper(a.transport);
  wrapper.setProtocol(next);
  assertStrictEquals(next.transport, wrapper);
  a.transport.close();
  await a.transport.closed;
});

Deno.test("transport of a protocol follows layers that come and go", async () => {
  const layer = (upper: Protocol, options: object) => new Layer(upper, options);
  const [a] = await memoryTransportPair(() => new Protocol(), () => ({}), {
    layers: [layer as never],
  });
  assertStrictEquals(a.protocol.transport, a.transport);
  const top = await insertLayer(a.transport, layer as never);
  assertStrictEquals(a.protocol.transport, top);
  await removeLayer(top);
  assertStrictEquals(a.protocol.transport, a.transport);
  a.transport.close();
  await a.transport.closed;
});

Deno.test("transport of a protocol is the encrypted one after startTls(), also for writes in between", async () => {
  class Upgrading extends Protocol {
    override dataReceived(chunk: Bytes): void {
      this.transport.write(chunk);
      if (chunk[0] !== 83) return;
      void startTls(this.transport, this, { serverSide: true, strict: true, ...localhost });
      this.transport.write("held until it is encrypted;");
    }
  }
  const received: string[] = [];
  const echoed = Promise.withResolvers<void>();
  const listener = {
    dataReceived(chunk: Bytes): void {
      received.push(new TextDecoder().decode(chunk));
      if (received.join("").endsWith("after")) echoed.resolve();
    },
  };
  const [client, server] = await memoryTransportPair(() => listener, () => new Upgrading());
  client.transport.write("S");
  await settle();
  assertEquals(received, ["S"]);
  const secured = await startTls(client.transport, listener, trusting);
  secured.write("after");
  await echoed.promise;
  assertEquals(received.join(""), "Sheld until it is encrypted;after");
  assertEquals(server.protocol.transport.getExtraInfo("tlsEngine"), "layer");
  secured.close();
  await secured.closed;
});

Deno.test("Callbacks may return anything, so that an arrow may be one call", async () => {
  let transport: Transport;
  const [client, server] = await memoryTransportPair(
    () => ({
      connectionMade: (made) => made.write("x"),
      dataReceived(): void {
        client.transport.close();
      },
      connectionLost: () => "gone",
      pauseWriting: () => 1,
    }),
    () => ({
      connectionMade: (made) => transport = made,
      dataReceived: (chunk) => transport.write(chunk),
    }),
  );
  assertEquals((await server.transport.closed).error, null);
});
