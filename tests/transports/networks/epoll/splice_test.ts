import { assert, assertEquals } from "@std/assert";
import { openConnection } from "../../../../streams/open_connection.ts";
import { relay, type RelayReport } from "../../../../streams/relay.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../../../streams/stream_connection.ts";
import { counters } from "../../../../transports/layers/counters.ts";
import { insertLayer } from "../../../../transports/stack/live_layers.ts";
import { CountedEpoll } from "../../../support/doubles/counted_epoll.ts";
import { settle, untilStill } from "../../../support/time/event_loop.ts";
import { alone } from "../../../support/runs/alone_test.ts";
import { assertDescriptors, openDescriptors } from "../../../support/runs/open_descriptors.ts";
import { pausedReading } from "../../../support/doubles/paused_reading.ts";
import { RawPeer } from "../../../support/peers/raw_peer.ts";
import { socketPath } from "../../../support/places/socket_path.ts";
import { decode, pattern } from "../../../support/text.ts";
import { reactorRests } from "../../../support/runs/reactor_rests.ts";

/** `client <=> [near <= relay, on epollNetwork => far] <=> backend`, the outer ones on another. */
interface Route {
  readonly epoll: CountedEpoll;
  readonly port: number;
  readonly client: StreamConnection;
  readonly near: StreamConnection;
  readonly far: StreamConnection;
  readonly backend: StreamConnection;
  readonly report: Promise<RelayReport>;
}

/** Before the relay begins. */
type Prepare = (near: StreamConnection, client: StreamConnection) => Promise<void> | void;

function test(
  name: string,
  use: (route: Route) => Promise<void>,
  { fails, prepare, medium = "tcp" }: {
    readonly fails?: (name: string) => number;
    readonly prepare?: Prepare;
    readonly medium?: "tcp" | "unix";
  } = {},
): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: alone(import.meta.url, name, async () => {
      const before = openDescriptors();
      const epoll = new CountedEpoll(fails);
      const { network } = epoll;
      const place = async () => medium === "unix" ? { path: await socketPath() } : { port: 0 };
      const backend = Promise.withResolvers<StreamConnection>();
      const over = Promise.withResolvers<void>();
      const backPlace = await place();
      const origin = await startServer(async (connection) => {
        backend.resolve(connection);
        await over.promise;
      }, { ...backPlace, limit: 4096 });
      const made = Promise.withResolvers<Pick<Route, "near" | "far">>();
      const report = Promise.withResolvers<RelayReport>();
      const opened = Promise.withResolvers<StreamConnection>();
      const frontPlace = await place();
      const proxy = await startServer(async (near) => {
        const to = medium === "unix" ? backPlace : { port: origin.port };
        const far = await openConnection({ ...to, network });
        await prepare?.(near, await opened.promise);
        report.resolve(relay(near, far));
        made.resolve({ near, far });
        await report.promise;
      }, { ...frontPlace, network });
      const port = medium === "unix" ? 0 : proxy.port;
      const client = await openConnection(
        medium === "unix" ? { ...frontPlace, limit: 4096 } : { port, limit: 4096 },
      );
      opened.resolve(client);
      const ends = await made.promise;
      await use({
        epoll,
        port,
        client,
        backend: await backend.promise,
        report: report.promise,
        ...ends,
      });
      client.transport.abort();
      (await backend.promise).transport.abort();
      await Promise.all([report.promise, client.closed]);
      over.resolve();
      await proxy.shutdown({ grace: 0 });
      await origin.shutdown({ grace: 0 });
      await reactorRests();
      assertEquals([...epoll.libc.open], []);
      assertEquals(epoll.libc.faults, []);
      await assertDescriptors(before);
    }),
  });
}

/** Sends both ways to the ends, and compares. */
async function exchange({ client, backend, near, far, report }: Route): Promise<void> {
  const [request, answer] = [pattern(3_000_000), pattern(2_000_000, 7)];
  client.writer.write(request);
  client.writer.writeEof();
  backend.writer.write(answer);
  backend.writer.writeEof();
  const received = await Promise.all([backend.reader.read(), client.reader.read()]);
  assertEquals(received, [request, answer]);
  assertEquals(await report, {
    forward: { bytes: request.length, reason: "eof" },
    backward: { bytes: answer.length, reason: "eof" },
  });
  const infos = await Promise.all([near.closed, far.closed]);
  assertEquals(infos.map(({ bytesRead, bytesWritten }) => [bytesRead, bytesWritten]), [
    [request.length, answer.length],
    [answer.length, request.length],
  ]);
}

for (const medium of ["tcp", "unix"] as const) {
  test(
    `relay() on epollNetwork passes all bytes on within the system (${medium})`,
    async (route) => {
      await exchange(route);
      const { epoll } = route;
      assert(epoll.count("splice") > 0);
      assertEquals([epoll.count("recv"), epoll.count("send")], [0, 0]);
      assert(epoll.count("pipe2") <= 2, `${epoll.count("pipe2")} pipes`);
    },
    { medium },
  );
}

test(
  "relay() on epollNetwork passes what was read before on first",
  async ({ client, backend }) => {
    client.writer.write(" third");
    assertEquals(decode(await backend.reader.readexactly(12)), "second third");
  },
  {
    prepare: async (near, client) => {
      client.writer.write("first\nsecond");
      await near.reader.readline();
      await near.reader.peek(6);
    },
  },
);

test("relay() on epollNetwork leaves one direction open after the other has ended", async (route) => {
  const { client, backend, epoll } = route;
  client.writer.write("early");
  client.writer.writeEof();
  assertEquals(decode(await backend.reader.read()), "early");
  for (const line of ["one\n", "two\n"]) {
    backend.writer.write(line);
    assertEquals(decode(await client.reader.readline()), line);
  }
  backend.writer.writeEof();
  assertEquals((await client.reader.read()).length, 0);
  const { forward, backward } = await route.report;
  assertEquals([forward, backward], [{ bytes: 5, reason: "eof" }, { bytes: 8, reason: "eof" }]);
  assertEquals(epoll.count("recv"), 0);
});

test("relay() on epollNetwork holds a fast side back, keeps one pipe for it, and loses nothing", async (route) => {
  const { client, near, far, backend, epoll } = route;
  const total = 32 * 1_048_576;
  const chunk = pattern(65_536);
  let sent = 0;
  const sending = (async () => {
    for (; sent < total; sent += chunk.length) {
      client.writer.write(chunk);
      await client.writer.drain();
    }
    client.writer.writeEof();
  })();
  await pausedReading(near.transport);
  await untilStill(() => sent);
  assert(sent < total, `${sent} bytes were accepted`);
  assertEquals(near.transport.isReading(), false);
  assert(far.transport.getWriteBufferSize() <= 1_048_576);
  assert(epoll.count("pipe2") <= 2, `${epoll.count("pipe2")} pipes`);
  const calls = epoll.count("splice");
  await settle();
  assertEquals(epoll.count("splice"), calls, "nothing is tried meanwhile");
  backend.writer.write("not held back\n");
  assertEquals(decode(await client.reader.readline()), "not held back\n");
  let received = 0;
  while (!backend.reader.atEof()) {
    const part = await backend.reader.read(65_536);
    for (let i = 0; i < part.length; i += 997) {
      if (part[i] !== chunk[(received + i) % chunk.length]) throw new Error(`Byte ${received + i}`);
    }
    received += part.length;
  }
  await sending;
  assertEquals(received, total);
});

test("relay() on epollNetwork delivers the tail of many small pieces to a slow side", async (route) => {
  const { client, backend } = route;
  const piece = pattern(1460);
  const count = 4000;
  for (let i = 0; i < count; i++) {
    client.writer.write(piece);
    if (i % 8 === 0) await client.writer.flush();
  }
  for (let i = 0; i < count; i++) {
    assertEquals(await backend.reader.readexactly(piece.length), piece);
  }
  client.writer.writeEof();
  assertEquals((await backend.reader.read()).length, 0);
});

Deno.test({
  name: "relay() on epollNetwork reports a reset, and resets the other side",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const epoll = new CountedEpoll();
    const { network } = epoll;
    const heard = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<unknown>();
    await using origin = await startServer(async ({ reader }) => {
      await reader.readexactly(5);
      heard.resolve();
      failed.resolve(await reader.read().catch((error) => error));
    }, { port: 0 });
    const report = Promise.withResolvers<RelayReport>();
    await using proxy = await startServer(async (near) => {
      report.resolve(relay(near, await openConnection({ port: origin.port, network })));
      await report.promise;
    }, { port: 0, network });
    await using client = await RawPeer.connect(proxy.port);
    await client.write("hello");
    await heard.promise;
    await client.reset();
    const { forward, backward } = await report.promise;
    assertEquals([forward.bytes, backward.bytes], [5, 0]);
    assert(forward.reason instanceof Deno.errors.ConnectionReset, String(forward.reason));
    assert(await failed.promise instanceof Deno.errors.ConnectionReset);
    assert(epoll.count("splice") > 0);
  },
});

test("relay() on epollNetwork reads and writes as elsewhere once a layer is inserted", async (route) => {
  const { client, backend, near, epoll } = route;
  client.writer.write("before\n");
  assertEquals(decode(await backend.reader.readline()), "before\n");
  assertEquals(epoll.count("recv"), 0);
  await insertLayer(near.transport, counters());
  client.writer.write("after\n");
  assertEquals(decode(await backend.reader.readline()), "after\n");
  assert(epoll.count("recv") > 0);
});

test("relay() on epollNetwork reads as always without a pipe", exchange, {
  fails: (name) => name === "pipe2" ? 24 : 0,
});

test("relay() on epollNetwork reads as always where the system cannot splice", exchange, {
  fails: (name) => name === "splice" ? 22 : 0,
});

test("relay() on epollNetwork passes the rest on when the side that has sent it is gone", async (route) => {
  const { client, backend, report } = route;
  const bytes = pattern(2_000_000);
  client.writer.write(bytes);
  client.writer.close();
  assertEquals(await backend.reader.read(), bytes);
  backend.writer.close();
  assertEquals((await report).forward, { bytes: bytes.length, reason: "eof" });
});
