import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { startTls } from "../../../transports/tls/start_tls.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";

/** Notes what comes by in either direction. */
class Watching extends Layer {
  readonly seen = { in: 0, out: 0 };

  override write(data: Uint8Array | string): boolean {
    this.seen.out += data.length;
    return super.write(data);
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.seen.in += chunk.length;
    return super.dataReceived(chunk);
  }
}

Deno.test("insertLayer() and removeLayer() below TLS change the transport that TLS writes to", async () => {
  const [a, b] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => new RecordingProtocol({ dataReceived: (chunk) => void server.write(chunk) }),
  );
  const [client, server] = await Promise.all([
    startTls(a.transport, a.protocol, trusting),
    startTls(b.transport, b.protocol, { ...localhost, serverSide: true }),
  ]);
  const watching: Watching[] = [];
  const below = await insertLayer(a.transport, (upper, options) => {
    const layer = new Watching(upper, options);
    watching.push(layer);
    return layer;
  });
  client.write("first");
  await a.protocol.untilReceived(5);
  const seen = watching.map((layer) => ({ ...layer.seen }));
  assertEquals(seen.map((each) => [each.in > 5, each.out > 5]), [[true, true]]);
  await removeLayer(below);
  client.write("and second");
  await a.protocol.untilReceived(15);
  assertEquals(watching.map((layer) => layer.seen), seen);
  client.close();
  await Promise.all([client.closed, server.closed]);
});
