/** Public reports on other systems: connections that end at a bad moment. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection } from "../../../streams/open_connection.ts";
import { relay } from "../../../streams/relay.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { createServer } from "../../../transports/create_server.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import { decode, encode, pattern } from "../../support/text.ts";

async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(conn.readable).arrayBuffer());
}

for (const leave of ["close", "reset"] as const) {
  Deno.test(`drain() ends when the client goes away by ${leave} while its server waits for room`, async () => {
    const waiting = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const server = await startServer(async ({ writer }) => {
      try {
        for (;;) {
          if (!writer.write(new Uint8Array(1_000_000))) waiting.resolve();
          await writer.drain();
        }
      } catch (error) {
        ended.resolve(error);
      }
    }, { port: 0 });
    const client = await Deno.connect({ port: server.port });
    await waiting.promise;
    // With bytes unread the system sends a reset; after them it is an orderly end.
    if (leave === "close") await client.read(new Uint8Array(1000));
    client.close();
    assert(await ended.promise instanceof Error);
    server.close();
    await server.waitClosed();
  });
}

Deno.test("A client that half-closes right after its question gets the whole answer", async () => {
  await using server = await startServer(async ({ reader, writer }) => {
    const question = await reader.readline();
    writer.write(question);
    writer.write(pattern(3_000_000));
  }, { port: 0 });
  const client = await Deno.connect({ port: server.port });
  await client.write(encode("question\n"));
  await client.closeWrite();
  assertEquals((await readAll(client)).length, 3_000_009);
});

Deno.test("relay() forwards an answer that comes in parts long after the client's end", async () => {
  await using backend = await startServer(async ({ reader, writer }) => {
    await reader.read();
    for (const part of ["one ", "two ", "three"]) {
      writer.write(part);
      await writer.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }, { port: 0 });
  await using proxy = await startServer(async (connection) => {
    await relay(connection, await openConnection({ port: backend.port }));
  }, { port: 0 });
  const client = await Deno.connect({ port: proxy.port });
  await client.write(encode("question"));
  await client.closeWrite();
  assertEquals(decode(await readAll(client)), "one two three");
});

Deno.test("relay() ends when a side resets while the other waits for room in it", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using left = await startServer(async ({ writer }) => {
    try {
      for (;;) {
        writer.write(new Uint8Array(1_000_000));
        await writer.drain();
      }
    } catch {
      // The relay has ended the connection.
    }
  }, { port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [source, target] = await Promise.all([
    openConnection({ port: left.port }),
    openConnection({ port }),
  ]);
  const stuck = await listener.accept();
  const relaying = relay(source, target);
  await stuck.read(new Uint8Array(1));
  // With bytes unread: a reset.
  stuck.close();
  const { forward } = await relaying;
  assert(forward.reason instanceof Error);
  listener.close();
});

Deno.test("relay() forwards an answer that arrived before writing to its sender failed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await using proxy = await startServer(async (connection) => {
    await relay(connection, await openConnection({ port }));
  }, { port: 0 });
  const client = await openConnection({ port: proxy.port });
  const uploading = (async () => {
    for (;;) {
      client.writer.write(new Uint8Array(100_000));
      await client.writer.drain();
    }
  })();
  uploading.catch(() => {});
  const backend = await listener.accept();
  await backend.read(new Uint8Array(100));
  await backend.write(encode("too large\n"));
  // The rest is unread: a reset follows the answer.
  backend.close();
  assertEquals(decode(await client.reader.readline()), "too large\n");
  await assertRejects(() => uploading);
  client.transport.abort();
  await client.closed;
  listener.close();
});

const identity = transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk }));
const LAYERS = {
  "a layer": [(...args: ConstructorParameters<typeof Layer>) => new Layer(...args)],
  "a transform": [identity],
  "both": [
    (...args: ConstructorParameters<typeof Layer>) => new Layer(...args),
    identity,
  ],
};
for (const [name, layers] of Object.entries(LAYERS)) {
  Deno.test(`A bulk transfer goes on after back-pressure through ${name}`, async () => {
    const total = 32_000_000;
    await using server = await startServer(async ({ writer }) => {
      for (let sent = 0; sent < total; sent += 1_000_000) {
        writer.write(new Uint8Array(1_000_000));
        await writer.drain();
      }
    }, { port: 0, layers });
    await using client = await openConnection({ port: server.port, layers });
    let received = 0;
    for await (const chunk of client.readable) received += chunk.length;
    assertEquals(received, total);
  });
}

Deno.test("shutdown() does not wait for the grace when idle handlers listen to their signal", async () => {
  const idle = Promise.withResolvers<void>();
  const server = await startServer(async ({ reader, signal }) => {
    for (;;) {
      const reading = reader.readline({ signal });
      idle.resolve();
      if ((await reading).length === 0) return;
    }
  }, { port: 0 });
  const client = await Deno.connect({ port: server.port });
  await idle.promise;
  assertEquals(await server.shutdown({ grace: Infinity }), { finished: 1, aborted: 0 });
  assertEquals(await client.read(new Uint8Array(1)), null);
  client.close();
});

Deno.test("A flood of connections leaves turns to other callbacks", async () => {
  const FLOOD = 200;
  let accepted = 0;
  let acceptedBefore: number | null = null;
  const all = Promise.withResolvers<void>();
  const server = await createServer(() => {
    // A slow start of each connection, as with a look-up.
    for (const end = performance.now() + 1; performance.now() < end;);
    if (++accepted === FLOOD) all.resolve();
    return {};
  }, { port: 0, startServing: false });
  const { port } = server;
  const clients = await Promise.all(Array.from({ length: FLOOD }, () => Deno.connect({ port })));
  setTimeout(() => acceptedBefore = accepted, 0);
  server.startServing();
  await all.promise;
  assert(acceptedBefore !== null && acceptedBefore < clients.length, `${acceptedBefore}`);
  for (const client of clients) client.close();
  await server.shutdown({ grace: Infinity });
});
