import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import type { NetworkListener } from "../../../transports/servers/network_listener.ts";
import { connectOver } from "../../../transports/core/connect_carrier.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer, type ListenOptions } from "../../../transports/create_server.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { ListeningServer, type Server } from "../../../transports/servers/server.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";
import { settle } from "../../support/time/event_loop.ts";
import { FakeCarrier } from "../../support/doubles/fake_carrier.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";

/** A server on a free port, and the protocols of what it accepted, in order. */
async function listening(options: Partial<ListenOptions> = {}): Promise<{
  server: Server;
  accepted: RecordingProtocol[];
  next: () => Promise<RecordingProtocol>;
  errors: string[];
}> {
  const accepted: RecordingProtocol[] = [];
  const errors: string[] = [];
  let arrived = Promise.withResolvers<RecordingProtocol>();
  const server = await createServer(() => {
    const protocol = new RecordingProtocol({
      connectionMade: () => {
        accepted.push(protocol);
        arrived.resolve(protocol);
        arrived = Promise.withResolvers();
      },
    });
    return protocol;
  }, {
    port: 0,
    onError: (error, { callback }) => errors.push(`${callback}: ${error.message}`),
    ...options,
  });
  return { server, accepted, next: () => arrived.promise, errors };
}

async function connect(server: Server): Promise<{
  transport: Transport;
  protocol: RecordingProtocol;
}> {
  return await createConnection(() => new RecordingProtocol(), { port: server.port });
}

Deno.test("Server.addresses and port tell where it listens, and nothing once it is closed", async () => {
  const { server } = await listening({ hostname: ["127.0.0.1", "127.0.0.2"] });
  assertEquals(server.addresses.map((address) => "hostname" in address && address.hostname), [
    "127.0.0.1",
    "127.0.0.2",
  ]);
  assert(server.port > 0);
  const { port } = server;
  server.close();
  assertEquals([server.addresses, server.port], [[], port]);
});

Deno.test(
  "Server.port throws on Unix sockets, with the path",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const path = `\0sluice-${crypto.randomUUID()}`;
    await using server = await createServer(() => ({}), { path });
    assertThrows(() => server.port, InvalidStateError, `the server listens on @${path.slice(1)}`);
  },
);

Deno.test("Server accepts on all its addresses", async () => {
  const { server, next } = await listening({ hostname: ["127.0.0.1", "::1"] });
  for (const address of server.addresses) {
    assert(address.transport === "tcp");
    const accepted = next();
    const { transport } = await createConnection(() => ({}), {
      hostname: address.hostname,
      port: address.port,
    });
    assertEquals((await accepted).transport.getExtraInfo("sockname"), address);
    transport.close();
  }
  await server.shutdown();
});

Deno.test("Server.startServing() accepts clients that waited in the backlog", async () => {
  const { server, accepted, next } = await listening({ startServing: false });
  assertFalse(server.isServing());
  const { transport } = await connect(server);
  await settle();
  assertEquals(accepted, []);
  const first = next();
  server.startServing();
  server.startServing();
  assert(server.isServing());
  await first;
  transport.close();
  await server.shutdown();
});

Deno.test("Server.startServing() after close() throws", async () => {
  const { server } = await listening();
  const { port } = server;
  server.close();
  assertThrows(
    () => server.startServing(),
    InvalidStateError,
    `Cannot start serving: the server on 127.0.0.1:${port} is closed`,
  );
});

Deno.test("Server.close() stops listening at once and leaves the connections alone", async () => {
  const { server, next } = await listening();
  const accepted = next();
  const { transport } = await connect(server);
  const peer = await accepted;
  const { port } = server;
  server.close();
  server.close();
  assertFalse(server.isServing());
  // The system lets go of the address when the accept that is under way has ended.
  await settle();
  await assertRejects(
    () => createConnection(() => ({}), { port }),
    Deno.errors.ConnectionRefused,
    `Cannot connect to 127.0.0.1:${port}`,
  );
  transport.write("still here");
  await peer.untilReceived(10);
  transport.close();
  await server.waitClosed();
});

Deno.test("Server.connections holds what is live", async () => {
  const { server, next } = await listening();
  assertEquals(server.connections.size, 0);
  const accepted = next();
  const { transport } = await connect(server);
  const peer = await accepted;
  assertEquals([...server.connections], [peer.transport]);
  transport.close();
  await peer.until("connectionLost");
  await peer.transport.closed;
  assertEquals(server.connections.size, 0);
  await server.shutdown();
});

Deno.test("Server.waitClosed() waits for close() and for the last connection, in either order", async () => {
  const { server, next } = await listening();
  let isOver = false;
  const over = server.waitClosed().then(() => isOver = true);
  const accepted = next();
  const { transport } = await connect(server);
  const peer = await accepted;
  transport.close();
  await peer.transport.closed;
  await settle();
  assertFalse(isOver, "it is not closed");
  const second = next();
  const other = await connect(server);
  await second;
  server.close();
  await settle();
  assertFalse(isOver, "there is a connection");
  other.transport.close();
  await over;
  await server.waitClosed();
});

Deno.test("Server.waitClosed() ends with the reason of its signal", async () => {
  const { server } = await listening();
  const reason = new Error("no more patience");
  const controller = new AbortController();
  const wait = server.waitClosed({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => wait), reason);
  await server.shutdown();
});

Deno.test("Server.closeClients() sends what is queued", async () => {
  const { server, next } = await listening();
  const accepted = next();
  const { protocol } = await connect(server);
  const peer = await accepted;
  peer.transport.write(new Uint8Array(5_000_000));
  server.close();
  server.closeClients();
  await server.waitClosed();
  await protocol.until("connectionLost");
  assertEquals([protocol.receivedLength, protocol.error], [5_000_000, null]);
});

Deno.test("Server.abortClients() releases it although a writer is stuck", async () => {
  const { server, next } = await listening();
  const accepted = next();
  const { transport } = await connect(server);
  transport.pauseReading();
  const peer = await accepted;
  peer.transport.write(new Uint8Array(15_000_000));
  server.close();
  server.closeClients();
  await settle();
  assertEquals(server.connections.size, 1);
  server.abortClients();
  await server.waitClosed();
  assertEquals((await peer.transport.closed).endedBy, "abort");
  transport.abort();
  await transport.closed;
});

Deno.test("Server.shutdown() lets connections finish and tells how many did", async () => {
  const { server, next } = await listening();
  const accepted = next();
  const { transport } = await connect(server);
  const peer = await accepted;
  server.signal.addEventListener("abort", () => peer.transport.close());
  const report = await server.shutdown();
  assertEquals(report, { finished: 1, aborted: 0 });
  await transport.closed;
});

Deno.test("Server.shutdown() aborts unfinished connections after the grace", async () => {
  using clock = new ReplacedClock();
  const { server, next } = await listening();
  const one = next();
  const first = await connect(server);
  const accepted = await one;
  const two = next();
  const second = await connect(server);
  await two;
  server.signal.addEventListener("abort", () => first.transport.close());
  const stopping = server.shutdown({ grace: 50 });
  await accepted.transport.closed;
  await settle();
  clock.advance(50);
  assertEquals(await stopping, { finished: 1, aborted: 1 });
  assertEquals(server.connections.size, 0);
  await second.transport.closed;
});

Deno.test("Server.shutdown() is cut short by its signal", async () => {
  const { server, next } = await listening();
  const accepted = next();
  const { transport } = await connect(server);
  await accepted;
  const controller = new AbortController();
  const done = server.shutdown({ grace: Infinity, signal: controller.signal });
  controller.abort();
  assertEquals(await done, { finished: 0, aborted: 1 });
  await transport.closed;
});

Deno.test("Server.shutdown() of an idle server is done at once, and may be repeated", async () => {
  const { server } = await listening();
  assertEquals(await server.shutdown(), { finished: 0, aborted: 0 });
  assertEquals(await server.shutdown({ grace: 0 }), { finished: 0, aborted: 0 });
  assert(server.signal.aborted);
});

Deno.test("Server[Symbol.asyncDispose]() shuts down", async () => {
  let served: Server;
  {
    await using server = (await listening()).server;
    served = server;
    assert(server.isServing());
  }
  assert(served.signal.aborted);
  assertFalse(served.isServing());
});

Deno.test("Server.track() has shutdown() and waitClosed() wait for a task, failed or not", async () => {
  for (const outcome of ["resolve", "reject"] as const) {
    const { server } = await listening();
    const task = Promise.withResolvers<void>();
    server.track(task.promise);
    let isOver = false;
    const over = Promise.all([server.waitClosed(), server.shutdown()]).then(() => isOver = true);
    await settle();
    assertFalse(isOver, outcome);
    task[outcome]();
    await over;
  }
});

Deno.test("Server.serveForever() serves until close(), then resolves", async () => {
  const { server, next } = await listening({ startServing: false });
  const over = server.serveForever();
  assert(server.isServing());
  const accepted = next();
  const { transport } = await connect(server);
  await accepted;
  transport.close();
  server.close();
  await over;
  await server.waitClosed();
});

Deno.test("Server.serveForever() twice throws, and the first goes on", async () => {
  const { server } = await listening();
  const over = server.serveForever();
  await assertRejects(
    () => server.serveForever(),
    InvalidStateError,
    `Cannot serve forever: the server on 127.0.0.1:${server.port} is awaited already`,
  );
  assert(server.isServing());
  server.close();
  await over;
});

Deno.test("Server.serveForever() after close() rejects", async () => {
  const { server } = await listening();
  server.close();
  await assertRejects(() => server.serveForever(), InvalidStateError, "is closed");
});

Deno.test("Server.serveForever() closes when its signal aborts, and rejects with the reason", async () => {
  const { server } = await listening();
  const reason = new Error("SIGTERM");
  const controller = new AbortController();
  const over = server.serveForever({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => over), reason);
  assertFalse(server.isServing());
  const other = (await listening()).server;
  await assertRejects(() => other.serveForever({ signal: controller.signal }));
  assertFalse(other.isServing());
});

Deno.test("Server goes on after a factory that throws, and closes that connection", async () => {
  const errors: string[] = [];
  let calls = 0;
  const arrived = Promise.withResolvers<void>();
  await using server = await createServer(() => {
    if (++calls === 1) throw new SyntaxError("no protocol today");
    return { connectionMade: () => arrived.resolve() };
  }, { port: 0, onError: (error, { callback }) => errors.push(`${callback}: ${error.message}`) });
  const first = await connect(server);
  await first.transport.closed;
  const second = await connect(server);
  await arrived.promise;
  assertEquals(errors, ["connect: no protocol today"]);
  second.transport.close();
});

Deno.test("Server goes on after a connection whose callbacks throw, which is reported once", async () => {
  const errors: string[] = [];
  let connections = 0;
  const received = Promise.withResolvers<void>();
  await using server = await createServer(() => {
    const isFirst = ++connections === 1;
    return {
      dataReceived: () => {
        if (isFirst) throw new SyntaxError("no data today");
        received.resolve();
      },
    };
  }, { port: 0, onError: (error, { callback }) => errors.push(`${callback}: ${error.message}`) });
  const first = await connect(server);
  const second = await connect(server);
  first.transport.write("x");
  await first.transport.closed;
  second.transport.write("y");
  await received.promise;
  assertEquals(errors, ["dataReceived: no data today"]);
  second.transport.close();
});

Deno.test("Server takes no more than maxConnections at a time; the others wait", async () => {
  const { server, accepted, next } = await listening({ maxConnections: 2 });
  const peers = [];
  const clients = [];
  for (let i = 0; i < 2; i++) {
    const peer = next();
    clients.push(await connect(server));
    peers.push(await peer);
  }
  const third = next();
  const waiting = await connect(server);
  await settle();
  assertEquals([accepted.length, server.connections.size], [2, 2]);
  clients[0]?.transport.close();
  await third;
  assertEquals(server.connections.size, 2);
  for (const { transport } of [...clients, waiting]) transport.close();
  await server.shutdown();
});

Deno.test("Server with several addresses takes no more than maxConnections in all", async () => {
  const { server, accepted } = await listening({
    hostname: ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
    maxConnections: 1,
  });
  const clients = [];
  for (const address of server.addresses) {
    assert(address.transport === "tcp");
    const { hostname, port } = address;
    clients.push(await createConnection(() => ({}), { hostname, port }));
  }
  let most = 0;
  while (accepted.length < clients.length) {
    await settle();
    most = Math.max(most, server.connections.size);
    server.closeClients();
  }
  assertEquals(most, 1);
  server.closeClients();
  await server.shutdown();
});

Deno.test("Server that is closed while full accepts no waiting client", async () => {
  const { server, accepted, next } = await listening({ maxConnections: 1 });
  const first = next();
  const one = await connect(server);
  await first;
  const two = await connect(server);
  server.close();
  await two.transport.closed;
  one.transport.close();
  await server.waitClosed();
  assertEquals(accepted.length, 1);
});

/** A listener whose accepts a test resolves. */
class FakeListener implements NetworkListener {
  readonly address = { transport: "memory", name: "fake" } as const;
  accepting: PromiseWithResolvers<Carrier> = Promise.withResolvers();
  isClosed = false;

  accept(): Promise<Carrier> {
    return this.accepting.promise;
  }

  close(): void {
    this.isClosed = true;
    this.accepting.promise.catch(() => {});
    this.accepting.reject(new Deno.errors.BadResource("closed"));
  }
}

function fakeServer(): { server: Server; listener: FakeListener; events: string[] } {
  const listener = new FakeListener();
  const events: string[] = [];
  const server = new ListeningServer([listener], {
    connect: (carrier, tracker) => connectOver(() => ({}), carrier, {}, tracker),
    maxConnections: undefined,
    report: (error, { callback }) => events.push(`${callback}: ${error.message}`),
  });
  return { server, listener, events };
}

Deno.test("Server closes a connection that was accepted when it was closed", async () => {
  const { server, listener } = fakeServer();
  const carrier = new FakeCarrier();
  server.startServing();
  await settle();
  // Accepted, but not told yet.
  listener.accepting.resolve(carrier);
  server.close();
  await settle();
  assertEquals([carrier.calls, server.connections.size], [["close"], 0]);
});

Deno.test("Server reports a listener that fails, and goes on", async () => {
  const { server, listener, events } = fakeServer();
  server.startServing();
  await settle();
  const failing = listener.accepting;
  listener.accepting = Promise.withResolvers();
  failing.reject(new Error("Too many open files"));
  await settle();
  assertEquals(events, ["accept: Too many open files"]);
  server.close();
  assert(listener.isClosed);
  await server.waitClosed();
});

Deno.test("Server.closeClients() closes through layers that were put in later, and connections has their tops", async () => {
  const ended = Promise.withResolvers<void>();
  const layer = transformLayer(() => ({
    encode: (chunk) => chunk,
    encodeEnd: () => new TextEncoder().encode("bye"),
    decode: (chunk) => chunk,
  }));
  const test = await listening();
  await using _ = test.server;
  const accepted = test.next();
  const client = await createConnection(
    () => new RecordingProtocol({ eofReceived: () => ended.resolve() }),
    { port: test.server.port },
  );
  await accepted;
  const bottom = [...test.server.connections][0];
  assert(bottom !== undefined);
  const middle = await insertLayer(bottom, layer);
  assertEquals([...test.server.connections], [middle]);
  // Further down, which is the top of none.
  const lowest = await insertLayer(bottom, (upper, options) => new Layer(upper, options));
  assertStrictEquals(await removeLayer(lowest), bottom);
  const top = await insertLayer(middle, (upper, options) => new Layer(upper, options));
  assertEquals([...test.server.connections], [top]);
  assertStrictEquals(await removeLayer(top), middle);
  assertEquals([...test.server.connections], [middle]);
  test.server.closeClients();
  await Promise.all([ended.promise, client.transport.closed]);
  assertEquals(new TextDecoder().decode(client.protocol.received), "bye");
  await middle.closed;
  assertEquals(test.server.connections.size, 0);
});
