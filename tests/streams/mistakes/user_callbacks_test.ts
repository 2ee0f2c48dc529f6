/**
 * Callbacks of users that fail in every way: they throw or reject, with errors or with values that
 * can hardly be looked
 * at, on each kind of transport. Each failure is reported once, ends the connection, and nothing
 * else.
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { FramedProtocol } from "../../../protocols/framing/framed_protocol.ts";
import { lineCodec } from "../../../protocols/codecs/line_codec.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import type { ErrorHandler } from "../../../transports/core/error_report.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { logging } from "../../../transports/layers/logging.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { Layer } from "../../../transports/stack/layer.ts";
import { insertLayer } from "../../../transports/stack/live_layers.ts";
import { transformLayer } from "../../../transports/stack/transform_layer.ts";

type Failure = () => unknown;

/** An error whose properties throw when they are asked for. */
class Touchy extends Error {
  override get name(): string {
    throw new Error("Do not ask for my name");
  }
  override get message(): string {
    throw new Error("Do not ask for my message");
  }
  override get stack(): string {
    throw new Error("Do not ask for my stack");
  }
}

const touchyProxy = new Proxy({}, {
  get: () => {
    throw new Error("Do not get");
  },
  getPrototypeOf: () => {
    throw new Error("Do not ask for my prototype");
  },
  has: () => {
    throw new Error("Do not ask what I have");
  },
  ownKeys: () => {
    throw new Error("Do not list my keys");
  },
});

const THROWN: Record<string, () => unknown> = {
  "an Error": () => new Error("Plain"),
  "undefined": () => undefined,
  "null": () => null,
  "text": () => "text",
  "a frozen object": () => Object.freeze({ message: "frozen" }),
  "a frozen error": () => Object.freeze(new Error("Frozen")),
  "an object without prototype": () => Object.create(null),
  "a symbol": () => Symbol("thrown"),
  "an error that cannot be shown": () => new Touchy(),
  "a proxy that throws": () => touchyProxy,
};

const CALLBACKS = [
  "connectionMade",
  "dataReceived",
  "eofReceived",
  "pauseWriting",
  "resumeWriting",
  "connectionLost",
] as const;

/** The carrier of the connection: the layers of the end whose protocol fails. */
const STACKS: Record<string, readonly LayerFactory[]> = {
  "a transport": [],
  "a layer": [(upper, options) => new Layer(upper, options)],
  "a layer that changes bytes": [transformLayer(() => ({
    encode: (chunk) => chunk,
    decode: (chunk) => chunk,
  }))],
  "several layers": [
    logging({ sink: () => {} }),
    transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk })),
    (upper, options) => new Layer(upper, options),
  ],
};

interface Scene {
  readonly transport: Transport;
  readonly reports: [callback: string, error: Error][];
}

/** Has `callback` called, and waits for the end of the connection. */
async function fail(
  layers: readonly LayerFactory[],
  callback: typeof CALLBACKS[number],
  failure: Failure,
): Promise<Scene> {
  const reports: Scene["reports"] = [];
  const onError: ErrorHandler = (error, context) => reports.push([context.callback, error]);
  const protocol: AnyProtocol = { [callback]: failure };
  const [far, near] = await memoryTransportPair(() => ({}), () => protocol, { onError });
  let { transport } = near;
  if (layers.length > 0) {
    // The layers come in live, and get the handler of the connection although they are given none.
    transport.setProtocol({});
    for (const layer of layers) transport = await insertLayer(transport, layer);
    transport.setProtocol(protocol);
    await turns(1);
    if (callback === "connectionMade") return { transport, reports };
  }
  if (callback === "dataReceived") far.transport.write("x");
  if (callback === "eofReceived") far.transport.writeEof();
  if (callback.endsWith("Writing")) {
    far.transport.pauseReading();
    transport.write(new Uint8Array(400_000));
    far.transport.resumeReading();
  }
  if (callback === "connectionLost") transport.close();
  await transport.closed;
  far.transport.abort();
  await far.transport.closed;
  await turns(1);
  return { transport, reports };
}

for (const [stack, layers] of Object.entries(STACKS)) {
  for (const callback of CALLBACKS) {
    if (callback === "connectionMade" && layers.length > 0) continue;
    Deno.test(`${callback}() over ${stack} that throws or rejects is reported once`, async () => {
      for (const isAsync of [false, true]) {
        const thrown = new Error("Mine");
        const failure = () => {
          if (isAsync) return Promise.reject(thrown);
          throw thrown;
        };
        const { transport, reports } = await fail(layers, callback, failure);
        assertEquals(reports.map(([name]) => name), [callback]);
        assertStrictEquals(reports[0]?.[1], thrown);
        const { error, endedBy } = await transport.closed;
        const isOver = callback === "connectionLost";
        assertStrictEquals(error, isOver ? null : thrown);
        assertEquals(endedBy, isOver ? "local" : "error");
      }
    });
  }
}

for (const [what, make] of Object.entries(THROWN)) {
  for (const isAsync of [false, true]) {
    Deno.test(`${what} that a callback ${isAsync ? "rejects with" : "throws"} ends one connection only`, async () => {
      for (const callback of CALLBACKS) {
        const failure = () => {
          if (isAsync) return Promise.reject(make());
          throw make();
        };
        for (const layers of Object.values(STACKS)) {
          if (callback === "connectionMade" && layers.length > 0) continue;
          const { transport, reports } = await fail(layers, callback, failure);
          assertEquals(reports.map(([name]) => name), [callback]);
          assert(transport.isClosing());
        }
      }
    });
  }
}

Deno.test("connectionMade() over layers that are there from the start is reported once", async () => {
  for (const layers of Object.values(STACKS)) {
    for (const isAsync of [false, true]) {
      const reports: string[] = [];
      const [a, b] = await memoryTransportPair(
        () => ({
          connectionMade: () => {
            if (isAsync) return Promise.reject(new Error("Mine"));
            throw new Error("Mine");
          },
        }),
        () => ({}),
        {
          layers,
          onError: (error, { callback }) => reports.push(`${callback}: ${error.message}`),
        },
      );
      assertEquals((await a.transport.closed).endedBy, "error");
      b.transport.abort();
      await b.transport.closed;
      assertEquals(reports, ["connectionMade: Mine"]);
    }
  }
});

Deno.test("onError() that throws or rejects is logged and ends nothing else", async () => {
  const lines: unknown[][] = [];
  const { error: log } = console;
  console.error = (...line) => void lines.push(line);
  try {
    for (const thrown of [new Error("From onError"), undefined, touchyProxy, new Touchy()]) {
      for (const isAsync of [false, true]) {
        lines.length = 0;
        const onError = () => {
          if (isAsync) return Promise.reject(thrown);
          throw thrown;
        };
        const [a, b] = await memoryTransportPair(() => ({}), () => ({
          dataReceived: () => {
            throw new Error("Mine");
          },
        }), { onError });
        a.transport.write("x");
        assertEquals((await b.transport.closed).error?.message, "Mine");
        a.transport.abort();
        await turns(1);
        assertEquals(
          lines.map(([title]) => String(title).split(" ").slice(0, 3).join(" ")),
          ["Error in dataReceived", "Error in onError"],
        );
      }
    }
  } finally {
    console.error = log;
  }
});

Deno.test("What callbacks return beside promises is ignored", async () => {
  const received = Promise.withResolvers<number>();
  const [a, b] = await memoryTransportPair(() => ({}), () => ({
    dataReceived: (chunk) => {
      if (chunk[0] === 2) received.resolve(2);
      return chunk.length;
    },
  }));
  a.transport.write(new Uint8Array([1]));
  await turns(1);
  a.transport.write(new Uint8Array([2]));
  assertEquals(await received.promise, 2);
  a.transport.close();
  await b.transport.closed;
});

Deno.test("eofReceived() may be async: the connection stays open until it has answered", async () => {
  for (const layers of Object.values(STACKS)) {
    for (const keepsOpen of [true, false]) {
      const gate = Promise.withResolvers<boolean>();
      const asked = Promise.withResolvers<void>();
      const [a, b] = await memoryTransportPair(() => ({ eofReceived: () => true }), () => ({
        eofReceived: () => {
          asked.resolve();
          return gate.promise;
        },
      }), { layers });
      a.transport.writeEof();
      await asked.promise;
      await turns(1);
      assertEquals(b.transport.isClosing(), false);
      gate.resolve(keepsOpen);
      if (keepsOpen) {
        await turns(1);
        assertEquals(b.transport.isClosing(), false);
        b.transport.close();
      }
      assertEquals((await b.transport.closed).endedBy, keepsOpen ? "local" : "peer");
      a.transport.close();
      await a.transport.closed;
    }
  }
});

Deno.test("getBuffer() that returns no buffer, or a promise, is reported as TypeError", async () => {
  for (const give of [() => 5, () => Promise.reject(new Error("Late")), () => null]) {
    const reports: Error[] = [];
    const [a, b] = await memoryTransportPair(() => ({}), () => ({
      // As callers without types write it.
      getBuffer: () => give() as unknown as Uint8Array,
    }), { onError: (error) => reports.push(error) });
    await b.transport.closed;
    a.transport.abort();
    await turns(1);
    assertEquals(reports[0]?.name, "TypeError");
    // The rejection is told as well, as it would end the process otherwise.
    assert(reports.every((error) => error.name === "TypeError" || error.message === "Late"));
  }
});

Deno.test("FramedProtocol that awaits drain() does not report a lost connection", async () => {
  for (const lost of [undefined, new Error("Reset")]) {
    const reports: Error[] = [];
    const waiting = Promise.withResolvers<void>();
    class Answering extends FramedProtocol<string> {
      override async messageReceived(): Promise<void> {
        this.send("x".repeat(300_000));
        waiting.resolve();
        await this.drain();
      }
    }
    const [far, near] = await memoryTransportPair(
      () => ({ connectionMade: (transport) => transport.pauseReading() }),
      () => new Answering(lineCodec({ maxLength: Infinity })),
      { onError: (error) => reports.push(error) },
    );
    far.transport.write("go\n");
    await waiting.promise;
    near.transport.abort(lost);
    assertStrictEquals((await near.transport.closed).error, lost ?? null);
    far.transport.abort();
    await turns(1);
    assertEquals(reports, []);
  }
});

Deno.test("FramedProtocol reports a rejection for the last message, which ends nothing else", async () => {
  const reports: string[] = [];
  class Failing extends FramedProtocol<string> {
    override messageReceived(message: string): Promise<void> {
      return Promise.reject(new Error(`Cannot bear ${message}`));
    }
  }
  const [far, near] = await memoryTransportPair(
    () => ({ eofReceived: () => true }),
    () => new Failing(lineCodec()),
    { onError: (error) => reports.push(error.message) },
  );
  far.transport.write("last");
  far.transport.writeEof();
  assertEquals((await near.transport.closed).error?.message, "Cannot bear last");
  far.transport.abort();
  assertEquals(reports, ["Cannot bear last"]);
});

Deno.test("drain() that nothing awaits does not end the process when the connection is lost", async () => {
  const [far, near] = await memoryTransportPair(
    () => ({ connectionMade: (transport) => transport.pauseReading() }),
    () => new FramedProtocol(lineCodec({ maxLength: Infinity })),
  );
  const stream = StreamConnection.over(far.transport);
  near.protocol.send("x".repeat(300_000));
  void near.protocol.drain();
  void near.protocol.drain({ signal: new AbortController().signal });
  far.transport.pauseReading();
  near.transport.pauseReading();
  stream.writer.write(new Uint8Array(300_000));
  void stream.writer.drain();
  near.transport.abort(new Error("Lost"));
  far.transport.abort(new Error("Lost"));
  await Promise.all([far.transport.closed, near.transport.closed]);
  void near.protocol.drain();
  void stream.writer.drain();
  await turns(1);
});
