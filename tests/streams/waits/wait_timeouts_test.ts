/**
 * Every wait with a timeout, in the ways in which waits end: the time passes, what is waited for
 * comes first or in
 * the same turn, a signal aborts. In none of them is anything lost or left.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  createServer,
  FramedProtocol,
  lineCodec,
  memoryTransportPair,
  openConnection,
  startServer,
  startTls,
  TaskGroup,
  TimeoutError,
} from "@sluice/net";
import { insertLayer, Layer, removeLayer, transformLayer } from "@sluice/net/layers";
import {
  DatagramSocket,
  framed,
  framedDatagrams,
  type StreamConnection,
  type StreamWriter,
} from "@sluice/net/streams";
import { memoryDatagramPair } from "@sluice/net/transports";
import type { WaitOptions } from "@sluice/net/protocols";
import { RecordingTransport } from "@sluice/net/testing";
import { FlowControl } from "../../../streams/writing/flow_control.ts";
import { writerOf } from "../../../streams/writing/stream_writer.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";
import { connectPair } from "../../support/pairs/stream_pair.ts";
import { decode } from "../../support/text.ts";

/** One wait, what ends it in good order, and what it gives then. */
interface Scene extends AsyncDisposable {
  readonly wait: (options: WaitOptions) => Promise<unknown>;
  readonly fulfil: () => unknown;
  readonly result: unknown;
}

const text = (value: unknown) => value instanceof Uint8Array ? decode(value) : value;

/** A read of what the peer writes. */
function reading(
  read: (pair: Awaited<ReturnType<typeof connectPair>>, options: WaitOptions) => Promise<unknown>,
  sent: string,
  result: unknown = sent,
): () => Promise<Scene> {
  return async () => {
    const pair = await connectPair();
    // So that a read which took something too early is found out.
    pair.b.writer.write(sent[0] ?? "");
    await settle();
    return {
      wait: async (options) => text(await read(pair, options)),
      fulfil: () => pair.b.writer.write(sent.slice(1)),
      result,
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  };
}

/** A wait of a writer whose peer does not read. */
function writing(
  wait: (writer: StreamWriter, options: WaitOptions) => Promise<unknown>,
): () => Promise<Scene> {
  return () => {
    const flow = new FlowControl();
    const transport = new RecordingTransport(flow.asProtocol(), {
      writeBufferLimits: { high: 4, low: 0 },
    });
    transport.start();
    transport.stall();
    transport.write("12345678");
    const writer = writerOf(flow);
    return Promise.resolve({
      wait: (options: WaitOptions) => wait(writer, options),
      fulfil: () => transport.drain(),
      result: undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(transport.abort()),
    });
  };
}

async function datagrams(
  receive: (socket: DatagramSocket, options: WaitOptions) => Promise<unknown>,
): Promise<Scene> {
  const [a, b] = await memoryDatagramPair(() => ({}), () => ({}));
  const [from, to] = [DatagramSocket.over(a.transport), DatagramSocket.over(b.transport)];
  return {
    wait: async (options) => text(await receive(to, options)),
    fulfil: () => from.send("one"),
    result: "one",
    [Symbol.asyncDispose]: async () => void await Promise.all([from.close(), to.close()]),
  };
}

const SCENES: Record<string, () => Promise<Scene>> = {
  "StreamReader.read()": async () => {
    const pair = await connectPair();
    return {
      wait: async (options) => text(await pair.a.reader.read(9, options)),
      fulfil: () => pair.b.writer.write("abc"),
      result: "abc",
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  },
  "StreamReader.read(-1)": async () => {
    const pair = await connectPair();
    return {
      wait: async (options) => text(await pair.a.reader.read(-1, options)),
      fulfil: () => {
        pair.b.writer.write("abc");
        pair.b.writer.writeEof();
      },
      result: "abc",
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  },
  "StreamReader.readexactly()": reading(
    ({ a }, options) => a.reader.readexactly(5, options),
    "abcde",
  ),
  "StreamReader.readline()": reading(({ a }, options) => a.reader.readline(options), "line\n"),
  "StreamReader.readline() of text": reading(
    ({ a }, options) => a.reader.readline({ ...options, as: "text" }),
    "line\n",
  ),
  "StreamReader.readuntil()": reading(({ a }, options) => a.reader.readuntil(";", options), "a=1;"),
  "StreamReader.peek()": reading(({ a }, options) => a.reader.peek(3, options), "abc"),
  "StreamReader.readUint32()": reading(
    ({ a }, options) => a.reader.readUint32(options),
    "abcd",
    0x61626364,
  ),
  "StreamReader.lines()": reading(
    async ({ a }, options) => (await a.reader.lines(options).next()).value,
    "line\n",
    "line",
  ),
  "FramedConnection.receive()": async () => {
    const scene = await reading(({ a }) => Promise.resolve(framed(a, lineCodec())), "x\n")();
    const messages = await scene.wait({}) as ReturnType<typeof framed<string>>;
    return { ...scene, wait: (options) => messages.receive(options), result: "x" };
  },
  "FramedConnection.messages()": async () => {
    const scene = await reading(({ a }) => Promise.resolve(framed(a, lineCodec())), "x\n")();
    const messages = await scene.wait({}) as ReturnType<typeof framed<string>>;
    return {
      ...scene,
      wait: async (options) => (await messages.messages(options).next()).value,
      result: "x",
    };
  },
  "StreamWriter.drain()": writing((writer, options) => writer.drain(options)),
  "StreamWriter.flush()": writing((writer, options) => writer.flush(options)),
  "StreamWriter.waitClosed()": async () => {
    const pair = await connectPair();
    return {
      wait: (options) => pair.a.writer.waitClosed(options),
      fulfil: () => pair.a.writer.close(),
      result: undefined,
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  },
  "FramedProtocol.drain()": async () => {
    const protocol = new FramedProtocol(lineCodec());
    const transport = new RecordingTransport(protocol, { writeBufferLimits: { high: 1, low: 0 } });
    transport.start();
    transport.stall();
    protocol.send("much");
    await settle();
    return {
      wait: (options) => protocol.drain(options),
      fulfil: () => transport.drain(),
      result: undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(transport.abort()),
    };
  },
  "DatagramSocket.receive()": () =>
    datagrams(async (socket, options) => (await socket.receive(options))?.data),
  "DatagramSocket.datagrams()": () =>
    datagrams(async (socket, options) => (await socket.datagrams(options).next()).value?.data),
  "FramedDatagrams.receive()": () =>
    datagrams(async (socket, options) =>
      (await framedDatagrams(socket, () => lineCodec({ ending: "lf" })).receive(options))?.message
    ),
  "StreamServer.accept()": async () => {
    const server = await startServer(null, { port: 0 });
    const clients: Promise<StreamConnection>[] = [];
    return {
      wait: async (options) => (await server.accept(options)).transport.isClosing(),
      fulfil: async () => {
        clients.push(openConnection({ port: server.port }));
        await clients[0];
      },
      result: false,
      [Symbol.asyncDispose]: async () => {
        server.abortClients();
        await server.shutdown();
        for (const client of await Promise.all(clients)) {
          client.transport.abort();
          await client.closed;
        }
      },
    };
  },
  "Server.waitClosed()": async () => {
    const server = await createServer(() => ({}), { port: 0 });
    return {
      wait: (options) => server.waitClosed(options),
      fulfil: () => server.close(),
      result: undefined,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  "TaskGroup.run()": () => {
    const done = Promise.withResolvers<string>();
    return Promise.resolve({
      wait: (options) =>
        TaskGroup.run(({ signal }) => {
          const stopped = Promise.withResolvers<never>();
          signal.addEventListener("abort", () => stopped.reject(signal.reason));
          return Promise.race([done.promise, stopped.promise]);
        }, options),
      fulfil: () => done.resolve("done"),
      result: "done",
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

for (const [name, makeScene] of Object.entries(SCENES)) {
  Deno.test(`${name} rejects with TimeoutError after its timeout, and loses nothing`, async () => {
    using clock = new ReplacedClock();
    await using scene = await makeScene();
    const before = clock.timers;
    const waiting = scene.wait({ timeout: 50 });
    waiting.catch(() => {});
    await settle();
    clock.advance(49);
    assertEquals(await stateOf(waiting), "pending");
    clock.advance(1);
    const error = await assertRejects(() => waiting, TimeoutError, "within 50 ms");
    assertEquals(error.timeoutMs, 50);
    assertEquals(clock.timers, before);
    const next = scene.wait({});
    await settle();
    await scene.fulfil();
    assertEquals(await next, scene.result);
  });

  Deno.test(`${name} returns bytes that arrive in the turn of its timeout, or leaves them to the next`, async () => {
    using clock = new ReplacedClock();
    await using scene = await makeScene();
    const waiting = scene.wait({ timeout: 50 });
    waiting.catch(() => {});
    await settle();
    const fulfilled = scene.fulfil();
    clock.advance(50);
    await fulfilled;
    const outcome = await waiting.catch((error) => error);
    if (outcome instanceof Error) {
      assertInstanceOf(outcome, TimeoutError);
      assertEquals(await scene.wait({}), scene.result);
    } else assertEquals(outcome, scene.result);
  });

  Deno.test(`${name} leaves no timer and no listener when it settles before its timeout`, async () => {
    using clock = new ReplacedClock();
    await using scene = await makeScene();
    const before = clock.timers;
    const controller = new AbortController();
    const waiting = scene.wait({ timeout: 50, signal: controller.signal });
    await settle();
    await scene.fulfil();
    assertEquals(await waiting, scene.result);
    assertEquals(clock.timers, before);
    controller.abort();
  });

  Deno.test(`${name} rejects with the reason of its signal when that aborts before the timeout`, async () => {
    using clock = new ReplacedClock();
    await using scene = await makeScene();
    const before = clock.timers;
    const controller = new AbortController();
    const waiting = scene.wait({ timeout: 50, signal: controller.signal });
    waiting.catch(() => {});
    await settle();
    controller.abort("stop");
    assertEquals(await waiting.catch((reason) => reason), "stop");
    assertEquals(clock.timers, before);
  });

  Deno.test(`${name} refuses invalid timeouts`, async () => {
    await using scene = await makeScene();
    for (const timeout of [0, -1, NaN]) {
      await assertRejects(
        async () => void await scene.wait({ timeout }),
        RangeError,
        `timeout ${timeout} is not a time above 0 ms; give Infinity for no limit`,
      );
    }
    for (const timeout of ["50", null, 5n, {}]) {
      const error = await assertRejects(
        async () => void await scene.wait({ timeout } as never),
        TypeError,
      );
      assert(error.message.includes("is not a number of milliseconds"), error.message);
    }
  });
}

Deno.test("insertLayer() ends the connection with TimeoutError when the layer is not ready in time", async () => {
  using clock = new ReplacedClock();
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  class Never extends Layer {
    override connectionMade(): void {}
  }
  const inserting = insertLayer(a.transport, (upper, options) => new Never(upper, options), {
    timeout: 50,
  });
  inserting.catch(() => {});
  await settle();
  clock.advance(50);
  const error = await assertRejects(() => inserting, TimeoutError, "Cannot insert layer within 50");
  assertEquals((await a.transport.closed).error, error);
  assertEquals(clock.timers, 0);
});

Deno.test("startTls() ends the connection with TimeoutError when it is not encrypted in time", async () => {
  using clock = new ReplacedClock();
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  const starting = startTls(a.transport, {}, { serverName: "localhost", timeout: 50 });
  starting.catch(() => {});
  await settle();
  clock.advance(50);
  const error = await assertRejects(() => starting, TimeoutError, "Cannot start TLS within 50 ms");
  assertEquals((await a.transport.closed).error, error);
});

Deno.test("removeLayer() rejects with TimeoutError, and the layer is removed nevertheless", async () => {
  using clock = new ReplacedClock();
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  const same = transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk }));
  const top = await insertLayer(a.transport, same);
  b.transport.pauseReading();
  top.write(new Uint8Array(1_000_000));
  const removing = removeLayer(top, { timeout: 50 });
  removing.catch(() => {});
  await settle();
  clock.advance(50);
  await assertRejects(() => removing, TimeoutError, "Cannot remove layer within 50 ms");
  b.transport.resumeReading();
  await settle();
  a.transport.close();
  assertEquals((await a.transport.closed).error, null);
});
