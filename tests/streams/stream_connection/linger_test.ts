import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { compression } from "../../../transports/layers/compression.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer } from "../../../transports/stack/live_layers.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";
import { sendOn } from "../../support/peers/late_sender.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode } from "../../support/text.ts";
import "../../support/runs/reactor_rests.ts";

const HOUR = 3_600_000;

/** A layer that is not ready before `comeUp` is called. */
class LateLayer extends Layer {
  comeUp: () => void = () => {};

  override connectionMade(inner: Transport): void {
    this.comeUp = () => super.connectionMade(inner);
  }
}

for (const network of [denoNetwork, nodeNetwork, epollNetwork]) {
  Deno.test({
    name: `close({ linger }) takes what the peer still sends on ${network.name}`,
    ignore: network === epollNetwork && Deno.build.os !== "linux",
    fn: async () => {
      const ended = Promise.withResolvers<CloseInfo>();
      await using server = await startServer(async (connection) => {
        await connection.reader.readline();
        connection.writer.write("refused\n");
        ended.resolve(await connection.close({ linger: HOUR }));
      }, { port: 0, network });
      assertEquals(decode(await sendOn(server.port, "hello\n")), "refused\n");
      const { endedBy, error, bytesUnsent } = await ended.promise;
      assertEquals([endedBy, error, bytesUnsent], ["local", null, 0]);
    },
  });
}

for (
  const [name, ofServer, ofClient] of [
    ["TLS", { tls: localhost }, { tls: trusting }],
    ["compression", ...[1, 2].map(() => ({ layers: [compression({ format: "gzip" })] }))],
  ] as const
) {
  Deno.test(`close({ linger }) takes what the peer still sends over ${name}`, async () => {
    const ended = Promise.withResolvers<CloseInfo>();
    await using server = await startServer(async (connection) => {
      await connection.reader.readline();
      connection.writer.write("refused\n");
      ended.resolve(await connection.close({ linger: HOUR }));
    }, { port: 0, ...ofServer });
    await using client = await openConnection({ port: server.port, ...ofClient });
    client.writer.write("hello\n");
    assertEquals(decode(await client.reader.read()), "refused\n");
    client.writer.write(new Uint8Array(3_000_000));
    await client.writer.flush();
    client.writer.writeEof();
    const { endedBy, error } = await ended.promise;
    assertEquals([endedBy, error], ["local", null]);
  });
}

Deno.test("close({ linger }) sends what is queued first, and ends a read that waits", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  a.writer.write(new Uint8Array(500_000));
  const waiting = a.reader.read();
  const closing = a.close({ linger: HOUR });
  assertEquals((await b.reader.readexactly(500_000)).length, 500_000);
  assert(b.reader.atEof() || (await b.reader.read()).length === 0);
  b.writer.write("late");
  b.writer.close();
  assertEquals((await closing).endedBy, "local");
  assertEquals((await waiting).length, 0);
});

Deno.test("close({ linger }) waits no longer than that, and no longer than its signal", async () => {
  for (const linger of [1, HOUR]) {
    const controller = new AbortController();
    const { signal } = controller;
    await using pair = await connectPair();
    const { a, b } = pair;
    a.writer.write("all");
    const closing = a.close(linger === 1 ? { linger } : { linger, signal });
    assertEquals(decode(await b.reader.read()), "all");
    controller.abort();
    const { error, bytesUnsent } = await closing;
    assertEquals([error, bytesUnsent], [null, 0]);
    await b.close();
  }
});

Deno.test("close({ linger }) aborts when the peer does not take in time what is queued", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  b.transport.pauseReading();
  a.writer.write(new Uint8Array(30_000_000));
  const { endedBy, bytesUnsent } = await a.close({ linger: HOUR, timeout: 1 });
  assertEquals(endedBy, "abort");
  assert(bytesUnsent > 0);
  b.transport.abort();
  await b.closed;
});

Deno.test("close({ linger }) ends at once when the peer has ended already, or is lost", async () => {
  for (const end of ["writeEof", "abort"] as const) {
    await using pair = await connectPair();
    const { a, b } = pair;
    b.transport[end]();
    await a.reader.read().catch(() => {});
    await a.close({ linger: HOUR });
    await b.close();
  }
});

Deno.test("close() refuses a linger below zero", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  await assertRejects(() => a.close({ linger: -1 }), RangeError, "linger");
  await Promise.all([a.close(), b.close()]);
});

Deno.test("close({ linger }) waits for a layer that is being put in, and sends what waits for it", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const late: LateLayer[] = [];
  const inserted = insertLayer(a.transport, (upper) => {
    const layer = new LateLayer(upper);
    late.push(layer);
    return layer;
  });
  a.writer.write("held back");
  const closing = a.close({ linger: HOUR });
  for (const layer of late) layer.comeUp();
  assertEquals(decode(await b.reader.read()), "held back");
  b.writer.close();
  const { endedBy, bytesUnsent } = await closing;
  assertEquals([endedBy, bytesUnsent], ["local", 0]);
  assertStrictEquals(await inserted, late[0]);
});

Deno.test("close({ linger }) waits for the handshake of TLS, and sends encrypted what waits for it", async () => {
  await using pair = await connectPair();
  const { a, b } = pair;
  const encrypted = Promise.all([
    a.startTls({ ...localhost, serverSide: true }),
    b.startTls(trusting),
  ]);
  a.writer.write("held back");
  const closing = a.close({ linger: HOUR });
  await encrypted;
  assertEquals(decode(await b.reader.read()), "held back");
  b.writer.close();
  const { endedBy, bytesUnsent } = await closing;
  assertEquals([endedBy, bytesUnsent], ["local", 0]);
});

Deno.test("close({ linger }) waits for a file that is being sent", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(200_000));
  await using pair = await connectPair();
  const { a, b } = pair;
  const sent = a.writer.sendFile(path);
  const closing = a.close({ linger: HOUR });
  assertEquals((await b.reader.read()).length, 200_000);
  b.writer.close();
  assertEquals([await sent, (await closing).endedBy], [200_000, "local"]);
  await Deno.remove(path);
});

Deno.test("close({ linger }) aborts when its signal does before a layer is there", async () => {
  await using pair = await connectPair();
  const { a } = pair;
  const inserted = insertLayer(a.transport, (upper) => new LateLayer(upper));
  inserted.catch(() => {});
  a.writer.write("held back");
  const controller = new AbortController();
  const closing = a.close({ linger: HOUR, signal: controller.signal });
  controller.abort();
  const { endedBy, bytesUnsent } = await closing;
  assertEquals([endedBy, bytesUnsent], ["abort", 9]);
});
