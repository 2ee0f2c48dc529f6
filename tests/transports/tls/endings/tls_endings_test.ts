import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { turns } from "../../../../testing/conformance/scene.ts";
import type { MakeTransportPair } from "../../../../testing/make_transport_pair.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { Layer } from "../../../../transports/stack/layer.ts";
import { insertLayer, removeLayer } from "../../../../transports/stack/live_layers.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import { startTls } from "../../../../transports/tls/start_tls.ts";
import { tcpPair } from "../../../support/pairs/transport_pairs.ts";
import { localhost, trusting } from "../../../support/certificates/certificates.ts";

/** A connection, raw and encrypted, and what each end was told. */
interface Upgraded {
  readonly raw: Transport;
  readonly secured: Transport;
  readonly protocol: RecordingProtocol;
}

/**
 * A client and a server that have started TLS; neither closes when the other ends its direction.
 */
async function upgrade(
  makePair: MakeTransportPair = memoryTransportPair,
): Promise<[Upgraded, Upgraded, () => Promise<void>]> {
  const keepOpen = { eofReceived: () => true };
  const [a, b] = [new RecordingProtocol(keepOpen), new RecordingProtocol(keepOpen)];
  const [rawA, rawB, cleanup] = await makePair(() => a, () => b, {});
  const [securedA, securedB] = await Promise.all([
    startTls(rawA.transport, a, trusting),
    startTls(rawB.transport, b, { ...localhost, serverSide: true }),
  ]);
  return [
    { raw: rawA.transport, secured: securedA, protocol: a },
    { raw: rawB.transport, secured: securedB, protocol: b },
    async () => void await cleanup?.(),
  ];
}

Deno.test("Bytes that are not a record, after our close_notify, end the connection and nothing else", async () => {
  const [client, server] = await upgrade();
  server.secured.close();
  await client.protocol.until("eofReceived");
  client.raw.write("no record at all");
  await server.secured.closed;
  assertEquals(server.protocol.calls.filter((call) => call === "connectionLost").length, 1);
  client.raw.abort();
  await client.secured.closed;
});

Deno.test("writeEof() sends all and close_notify, however late the peer reads", async () => {
  const [client, server] = await upgrade();
  client.raw.pauseReading();
  server.secured.write(new Uint8Array(300_000));
  await turns();
  client.secured.write("x");
  await server.protocol.untilReceived(1);
  server.secured.writeEof();
  await turns();
  client.raw.resumeReading();
  await client.protocol.until("eofReceived");
  assertEquals(client.protocol.receivedLength, 300_000);
  client.secured.close();
  server.secured.close();
  assertEquals((await client.secured.closed).error, null);
  assertEquals((await server.secured.closed).error, null);
});

Deno.test("A layer below that throws in write() ends the connection with that", async () => {
  const failure = new Error("cannot write");
  let isBroken = false;
  class Breaking extends Layer {
    override write(data: Uint8Array | string): boolean {
      if (isBroken) throw failure;
      return super.write(data);
    }
  }
  const [client, server] = await upgrade();
  await insertLayer(server.raw, (upper, options) => new Breaking(upper, options));
  isBroken = true;
  server.secured.write("never sent");
  assertStrictEquals((await server.secured.closed).error, failure);
  client.raw.abort();
  await client.secured.closed;
});

Deno.test("A lost connection after the peer's close_notify is reported", async () => {
  const [client, server] = await upgrade();
  client.secured.writeEof();
  await server.protocol.until("eofReceived");
  const failure = new Error("too idle");
  server.raw.abort(failure);
  await server.protocol.until("connectionLost");
  assertStrictEquals(server.protocol.error, failure);
  assertStrictEquals((await server.secured.closed).error, failure);
  client.secured.abort();
  await client.secured.closed;
});

Deno.test("Layers that come and go below TLS while a read is under way move no byte", async () => {
  const [client, server, cleanup] = await upgrade(tcpPair);
  await turns();
  await removeLayer(
    await insertLayer(server.raw, (upper, options) => new Layer(upper, options)),
  );
  await turns();
  const data = crypto.getRandomValues(new Uint8Array(2000));
  client.secured.write(data);
  await server.protocol.untilReceived(2000);
  assertEquals(server.protocol.received, data);
  client.secured.close();
  server.secured.close();
  await Promise.all([client.secured.closed, server.secured.closed]);
  await cleanup();
});

Deno.test("The native engine is refused for the other side of the handshake", async () => {
  await using server = await createServer(() => ({}), {
    port: 0,
    tls: { serverSide: false, ...trusting },
  });
  await assertRejects(
    () =>
      createConnection(() => ({}), {
        port: server.port,
        tls: { ...localhost, serverSide: true, engine: "native" },
      }),
    TypeError,
    "the other end's part of the handshake",
  );
  const { transport } = await createConnection(() => ({}), {
    port: server.port,
    tls: { ...localhost, serverSide: true },
  });
  assertEquals(transport.getExtraInfo("tlsEngine"), "layer");
  transport.close();
  await transport.closed;
});
