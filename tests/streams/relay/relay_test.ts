import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  ConnectionLostError,
  IdleTimeoutError,
  InvalidStateError,
} from "../../../protocols/errors.ts";
import { lineCodec } from "../../../protocols/codecs/line_codec.ts";
import { framed } from "../../../streams/framing/framed_connection.ts";
import { relay, type RelayOptions, type RelayReport } from "../../../streams/relay.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { settle, stateOf, untilStill } from "../../support/time/event_loop.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";
import { RawPeer } from "../../support/peers/raw_peer.ts";
import {
  connectPair,
  type Medium,
  type PairOptions,
  type StreamPair,
} from "../../support/pairs/stream_pair.ts";
import { decode, pattern } from "../../support/text.ts";
import { pausedReading } from "../../support/doubles/paused_reading.ts";

/** `client <=> [near <= relay => far] <=> backend`. */
class Route implements AsyncDisposable {
  readonly client: StreamConnection;
  readonly near: StreamConnection;
  readonly far: StreamConnection;
  readonly backend: StreamConnection;
  readonly relaying: Promise<RelayReport>;
  readonly #pairs: readonly StreamPair[];

  constructor(pairs: readonly [StreamPair, StreamPair], options?: RelayOptions) {
    this.#pairs = pairs;
    const [left, right] = pairs;
    [this.client, this.near] = [left.a, left.b];
    [this.far, this.backend] = [right.a, right.b];
    this.relaying = relay(this.near, this.far, options);
    this.relaying.catch(() => {});
  }

  static async make(
    options?: RelayOptions,
    medium: Medium = "memory",
    pairOptions?: PairOptions,
  ): Promise<Route> {
    const left = await connectPair(medium, pairOptions);
    return new Route([left, await connectPair(medium, pairOptions)], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) await pair[Symbol.asyncDispose]();
    await this.relaying.catch(() => {});
  }
}

for (const medium of ["memory", "tcp"] as const) {
  Deno.test(`relay() forwards both directions up to their ends, and counts (${medium})`, async () => {
    await using route = await Route.make({}, medium);
    const { client, backend } = route;
    const [request, answer] = [pattern(300_000), pattern(500_000, 7)];
    client.writer.write(request);
    client.writer.writeEof();
    backend.writer.write(answer);
    backend.writer.writeEof();
    const received = await Promise.all([backend.reader.read(), client.reader.read()]);
    assertEquals(received, [request, answer]);
    assertEquals(await route.relaying, {
      forward: { bytes: 300_000, reason: "eof" },
      backward: { bytes: 500_000, reason: "eof" },
    });
    for (const { closed } of [route.near, route.far]) assertEquals((await closed).error, null);
  });

  Deno.test(`relay() leaves one direction open after the other has ended, either way (${medium})`, async () => {
    for (const [first, second] of [["client", "backend"], ["backend", "client"]] as const) {
      await using route = await Route.make({}, medium);
      route[first].writer.write("early");
      route[first].writer.writeEof();
      assertEquals(decode(await route[second].reader.read()), "early");
      for (const line of ["one\n", "two\n"]) {
        route[second].writer.write(line);
        assertEquals(decode(await route[first].reader.readline()), line);
      }
      assertEquals(await stateOf(route.relaying), "pending");
      route[second].writer.writeEof();
      assertEquals(await route[first].reader.read(), new Uint8Array(0));
      const { forward, backward } = await route.relaying;
      assertEquals([forward.reason, backward.reason], ["eof", "eof"]);
    }
  });

  Deno.test(`relay() slows a fast side down to a slow one, and not the other direction (${medium})`, async () => {
    await using route = await Route.make({}, medium, { limit: 16_384 });
    const { client, near, far, backend } = route;
    const total = medium === "tcp" ? 48 * 1024 * 1024 : 4 * 1024 * 1024;
    const chunk = pattern(65_536);
    let sent = 0;
    let largest = 0;
    const sending = (async () => {
      for (; sent < total; sent += chunk.length) {
        client.writer.write(chunk);
        await client.writer.drain();
        largest = Math.max(largest, far.transport.getWriteBufferSize());
      }
      client.writer.writeEof();
    })();
    await pausedReading(near.transport);
    await untilStill(() => sent);
    assert(sent < total, `${sent} bytes were accepted`);
    assert(largest <= 2 * 65_536, `${largest} bytes were queued`);
    backend.writer.write("not held back\n");
    assertEquals(decode(await client.reader.readline()), "not held back\n");
    let received = 0;
    while (!backend.reader.atEof()) received += (await backend.reader.read(1_048_576)).length;
    await sending;
    backend.writer.writeEof();
    assertEquals((await route.relaying).forward, { bytes: total, reason: "eof" });
    assertEquals(received, total);
  });
}

Deno.test("relay() forwards bytes that the readers hold first", async () => {
  const left = await connectPair();
  left.a.writer.write("header\nbody");
  assertEquals(decode(await left.b.reader.readline()), "header\n");
  await using route = new Route([left, await connectPair()]);
  assertEquals(decode(await route.backend.reader.readexactly(4)), "body");
});

Deno.test("relay() aborts the other side when one fails, and tells why", async () => {
  await using route = await Route.make();
  route.client.writer.write("12345");
  assertEquals(decode(await route.backend.reader.readexactly(5)), "12345");
  const error = new Error("Cable cut");
  route.near.transport.abort(error);
  assertEquals(await route.relaying, {
    forward: { bytes: 5, reason: error },
    backward: { bytes: 0, reason: error },
  });
  assertStrictEquals((await route.far.closed).error, error);
});

Deno.test("relay() aborts both sides when writing to one fails", async () => {
  await using route = await Route.make();
  const error = new Error("Cable cut");
  const { client, near, far } = route;
  client.writer.write(pattern(2_000_000));
  await settle();
  far.transport.abort(error);
  const { forward, backward } = await route.relaying;
  assertStrictEquals(forward.reason, error);
  assertStrictEquals(backward.reason, error);
  assert(forward.bytes > 0 && forward.bytes < 2_000_000, `${forward.bytes} bytes`);
  assertStrictEquals((await near.closed).error, error);
});

Deno.test("relay() in a handler goes on during the grace of a shutdown", async () => {
  await using echo = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
    port: 0,
  });
  const proxy = await startServer(async (connection) => {
    await relay(connection, await openConnection({ port: echo.port }));
  }, { port: 0 });
  await using client = await openConnection({ port: proxy.port });
  const ask = async (line: string): Promise<string> => {
    client.writer.write(line);
    return decode(await client.reader.readline());
  };
  assertEquals(await ask("before\n"), "before\n");
  const stopping = proxy.shutdown({ grace: 60_000 });
  assertEquals(await ask("meanwhile\n"), "meanwhile\n");
  client.writer.writeEof();
  assertEquals(await client.reader.read(), new Uint8Array());
  assertEquals(await stopping, { finished: 1, aborted: 0 });
});

Deno.test("relay() that begins after the shutdown of a server ends both sides", async () => {
  await using origin = await startServer(({ reader }) => reader.read(), { port: 0 });
  const entered = Promise.withResolvers<StreamConnection>();
  const isStopping = Promise.withResolvers<void>();
  const proxy = await startServer(async (connection) => {
    entered.resolve(connection);
    await isStopping.promise;
    await relay(connection, await openConnection({ port: origin.port }));
  }, { port: 0 });
  await using _client = await openConnection({ port: proxy.port });
  await entered.promise;
  const stopping = proxy.shutdown({ grace: 60_000 });
  isStopping.resolve();
  assertEquals(await stopping, { finished: 1, aborted: 0 });
});

Deno.test("relay() on nodeNetwork resets the one side when the other fails", async () => {
  await withNetwork(nodeNetwork, async () => {
    await using origin = await startServer(async ({ transport, reader, writer }) => {
      writer.write("the half");
      // The client has it, so that it has a beginning that could be taken for the whole.
      await reader.readline();
      transport.abort({ reset: true });
    }, { port: 0 });
    await using proxy = await startServer(async (connection) => {
      await relay(connection, await openConnection({ port: origin.port }));
    }, { port: 0 });
    await using client = await openConnection({ port: proxy.port });
    assertEquals(decode(await client.reader.readexactly(8)), "the half");
    client.writer.write("go on\n");
    await assertRejects(() => client.reader.read(), Deno.errors.ConnectionReset);
  });
});

Deno.test("relay() reports a client that resets its connection", async () => {
  await using pair = await connectPair();
  const relayed = Promise.withResolvers<RelayReport>();
  await using server = await startServer(async (connection) => {
    relayed.resolve(await relay(connection, pair.a));
  }, { port: 0 });
  await using client = await RawPeer.connect(server.port);
  await client.write("hello");
  assertEquals(decode(await pair.b.reader.readexactly(5)), "hello");
  await client.reset();
  const { forward, backward } = await relayed.promise;
  assertEquals(forward.bytes, 5);
  assert(forward.reason instanceof Deno.errors.ConnectionReset, String(forward.reason));
  assertStrictEquals(backward.reason, forward.reason);
  assertStrictEquals((await pair.a.closed).error, forward.reason);
});

Deno.test("relay() closes to forward the end when there is no half-close", async () => {
  await using left = await connectPair();
  const transport = new RecordingTransport({}, { halfClose: false });
  transport.start();
  const relaying = relay(left.b, StreamConnection.over(transport));
  left.a.writer.write("all");
  left.a.writer.writeEof();
  assertEquals(await relaying, {
    forward: { bytes: 3, reason: "eof" },
    backward: { bytes: 0, reason: "eof" },
  });
  assertEquals(transport.writtenText, "all");
  assertEquals((await transport.closed).endedBy, "local");
});

Deno.test("relay() aborts both sides after a time without a byte, and not before", async () => {
  using clock = new ReplacedClock();
  await using route = await Route.make({ idleTimeout: 1000 });
  const { client, backend } = route;
  for (const [from, to] of [[client, backend], [backend, client]] as const) {
    clock.advance(999);
    from.writer.write("x");
    assertEquals(decode(await to.reader.readexactly(1)), "x");
  }
  clock.advance(999);
  assertEquals(await stateOf(route.relaying), "pending");
  clock.advance(1);
  const { forward, backward } = await route.relaying;
  assert(forward.reason instanceof IdleTimeoutError);
  assertEquals(forward.reason.timeoutMs, 1000);
  assertStrictEquals(backward.reason, forward.reason);
  assertEquals([forward.bytes, backward.bytes], [1, 1]);
  for (const { closed } of [route.near, route.far]) {
    assertStrictEquals((await closed).error, forward.reason);
  }
});

Deno.test("relay() waits five minutes by default, also for a side that does not read", async () => {
  using clock = new ReplacedClock();
  await using route = await Route.make();
  route.client.writer.write(pattern(2_000_000));
  await settle();
  clock.advance(299_999);
  assertEquals(await stateOf(route.relaying), "pending");
  clock.advance(1);
  assert((await route.relaying).forward.reason instanceof IdleTimeoutError);
});

Deno.test("relay() leaves no timer behind", async () => {
  using clock = new ReplacedClock();
  await using route = await Route.make();
  assertEquals(clock.timers, 1);
  route.client.writer.writeEof();
  route.backend.writer.writeEof();
  await route.relaying;
  assertEquals(clock.timers, 0);
});

for (const idleTimeout of [0, -1, NaN]) {
  Deno.test(`relay() rejects an idleTimeout of ${idleTimeout} and does nothing`, async () => {
    await using route = await Route.make({ idleTimeout });
    await assertRejects(() => route.relaying, RangeError, "idleTimeout");
    assertEquals(route.near.transport.isClosing(), false);
  });
}

/** The reasons why a connection cannot be relayed. */
const USES: Record<string, (connection: StreamConnection) => Promise<unknown>> = {
  "a read": ({ reader }) => reader.readline(),
  "a reader of its stream": ({ readable }) => readable.getReader().read(),
  "framed()": (connection) => framed(connection, lineCodec()).receive(),
  "a handover": (connection) => Promise.resolve(connection.switchProtocol({})),
};

for (const [use, begin] of Object.entries(USES)) {
  for (const side of ["first", "second"] as const) {
    Deno.test(`relay() rejects with InvalidStateError, and does nothing, when ${use} has the ${side} connection`, async () => {
      await using used = await connectPair();
      await using other = await connectPair();
      const inUse = begin(used.a);
      inUse.catch(() => {});
      // A Web stream begins a little later.
      await settle();
      other.b.writer.write("stays");
      const sides = side === "first" ? [used.a, other.a] as const : [other.a, used.a] as const;
      await assertRejects(() => relay(...sides), InvalidStateError, `the ${side} connection`);
      assertEquals(decode(await other.a.reader.readexactly(5)), "stays");
      used.b.writer.write("for that use\n");
      if (use !== "a handover") await inUse;
    });
  }
}

Deno.test("relay() aborts both sides when its signal aborts", async () => {
  const controller = new AbortController();
  await using route = await Route.make({ signal: controller.signal });
  route.client.writer.write("12345");
  await route.backend.reader.readexactly(5);
  const reason = new Error("Enough");
  controller.abort(reason);
  assertEquals(await route.relaying, {
    forward: { bytes: 5, reason },
    backward: { bytes: 0, reason },
  });
  assertStrictEquals((await route.near.closed).error, reason);
  assertStrictEquals((await route.far.closed).error, reason);
});

Deno.test("relay() with a signal that is aborted forwards nothing", async () => {
  await using route = await Route.make({ signal: AbortSignal.abort("a reason that is no error") });
  const { forward, backward } = await route.relaying;
  for (const { bytes, reason } of [forward, backward]) {
    assertEquals(bytes, 0);
    assert(reason instanceof ConnectionLostError);
    assertEquals(reason.message, "a reason that is no error");
  }
});

Deno.test("relay() of connections that are gone resolves", async () => {
  const pairs = [await connectPair(), await connectPair()] as const;
  pairs[0].b.transport.close();
  pairs[1].a.transport.abort(new Error("Cable cut"));
  await pairs[1].a.closed;
  await using route = new Route(pairs);
  const { forward, backward } = await route.relaying;
  assert(backward.reason instanceof Error);
  assertEquals([forward.bytes, backward.bytes], [0, 0]);
});
