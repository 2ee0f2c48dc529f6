import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import { openConnection, openUnixConnection } from "../../../streams/open_connection.ts";
import {
  type ConnectionHandler,
  startServer,
  type StartServerOptions,
  startUnixServer,
} from "../../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import type { ErrorContext } from "../../../transports/core/error_report.ts";
import { settle } from "../../support/time/event_loop.ts";
import { RawPeer } from "../../support/peers/raw_peer.ts";
import { temporarySocket } from "../../support/places/socket_path.ts";
import { decode, pattern } from "../../support/text.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { ReplacedClock } from "../../support/time/replaced_clock.ts";

interface Report extends ErrorContext {
  readonly error: Error;
}

/** A server whose reports are collected. */
async function serveWith(
  handler: ConnectionHandler,
  options: Partial<StartServerOptions> = {},
): Promise<{ port: number; reports: Report[]; reported: Promise<void> } & AsyncDisposable> {
  const reports: Report[] = [];
  const { promise: reported, resolve } = Promise.withResolvers<void>();
  const onError = (error: Error, context: ErrorContext) => {
    reports.push({ ...context, error });
    resolve();
  };
  const server = await startServer(handler, { port: 0, onError, ...options });
  return Object.assign(server, { reports, reported });
}

const echoLines: ConnectionHandler = async ({ reader, writer }) => {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
};
const echoBytes: ConnectionHandler = ({ readable, writable }) => readable.pipeTo(writable);

for (const [name, handler] of [["asyncio's way", echoLines], ["Deno's way", echoBytes]] as const) {
  Deno.test(`startServer() serves an echo ${name} over TCP`, async () => {
    await using server = await serveWith(handler);
    await using client = await openConnection({ port: server.port });
    client.writer.write("hello\n");
    assertEquals(decode(await client.reader.readline()), "hello\n");
    client.writer.write("rest");
    client.writer.writeEof();
    assertEquals(decode(await client.reader.read()), "rest");
    assertEquals((await client.close()).error, null);
    assertEquals(server.reports, []);
  });

  Deno.test(`startUnixServer() serves an echo ${name} over a Unix socket`, {
    ignore: !hasUnixSockets,
  }, async () => {
    await using socket = await temporarySocket();
    const { path } = socket;
    await using _server = await startUnixServer(handler, { path });
    await using client = await openUnixConnection({ path });
    client.writer.write("hello\n");
    assertEquals(decode(await client.reader.readline()), "hello\n");
  });
}

Deno.test("startServer() sends bytes that a handler wrote before it closes the connection", async () => {
  const data = pattern(5_000_000);
  await using server = await serveWith(({ writer }) => void writer.write(data));
  await using client = await openConnection({ port: server.port });
  assertEquals(await client.reader.read(), data);
  assertEquals(server.reports, []);
});

/** The errors that a handler may throw, and the report of each. */
const THROWN: [string, unknown, string][] = [
  ["an error", new Error("Bug"), "Bug"],
  ["a string", "Bug", "Thrown: Bug"],
  ["undefined", undefined, "Thrown: undefined"],
  ["null", null, "Thrown: null"],
];

for (const [name, thrown, message] of THROWN) {
  for (const moment of ["at once", "later"]) {
    Deno.test(`startServer() reports ${name} that a handler throws ${moment}, once, and aborts`, async () => {
      let connection: StreamConnection | undefined;
      await using server = await serveWith((given) => {
        connection = given;
        if (moment === "at once") throw thrown;
        return settle().then(() => Promise.reject(thrown));
      });
      await using client = await openConnection({ port: server.port });
      await client.reader.read().catch(() => {});
      await server.reported;
      await settle();
      const [report, ...others] = server.reports;
      assert(report && connection);
      assertEquals(others, []);
      assertEquals([report.callback, report.error.message], ["handler", message]);
      assertStrictEquals(report.transport, connection.transport);
      if (thrown instanceof Error) assertStrictEquals(report.error, thrown);
      assertStrictEquals((await connection.closed).error, report.error);
    });
  }
}

Deno.test("startServer() prints the exception of a handler when there is no onError", async () => {
  const { error } = console;
  const printed = Promise.withResolvers<unknown[]>();
  console.error = (...line) => printed.resolve(line);
  try {
    await using server = await startServer(() => Promise.reject(new Error("Bug")), { port: 0 });
    await using client = await openConnection({ port: server.port });
    await client.reader.read().catch(() => {});
    const [text] = await printed.promise;
    assert(String(text).startsWith("Error in handler (127.0.0.1:"), String(text));
  } finally {
    console.error = error;
  }
});

Deno.test("startServer() goes on after a handler that threw", async () => {
  let count = 0;
  await using server = await serveWith(async (connection) => {
    if (count++ === 0) throw new Error("Bug");
    await echoBytes(connection);
  });
  await using first = await openConnection({ port: server.port });
  await first.reader.read().catch(() => {});
  await using second = await openConnection({ port: server.port });
  second.writer.write("hello\n");
  assertEquals(decode(await second.reader.readline()), "hello\n");
});

Deno.test("startServer() does not report a handler that fails because its peer has left", async () => {
  const handlers: [string, ConnectionHandler][] = [
    ["reader", async ({ reader }) => void await reader.readexactly(10)],
    ["readable", ({ readable }) => readable.pipeTo(new WritableStream())],
    ["pipe", echoBytes],
    ["signal", ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      })],
    ["drain", async ({ writer }) => {
      for (;;) {
        writer.write(pattern(65_536));
        await writer.drain();
      }
    }],
  ];
  for (const [name, handler] of handlers) {
    const ended = Promise.withResolvers<void>();
    await using server = await serveWith(async (connection) => {
      try {
        await handler(connection);
      } finally {
        ended.resolve();
      }
    });
    await using peer = await RawPeer.connect(server.port);
    await peer.write("hello");
    await settle();
    await peer.reset();
    await ended.promise;
    await settle();
    assertEquals(server.reports.map(({ error }) => error), [], name);
  }
});

Deno.test("startServer() sends the bytes of a handler that stops for connection.signal", async () => {
  const begun = Promise.withResolvers<void>();
  const server = await startServer(async ({ reader, writer, signal }) => {
    try {
      begun.resolve();
      await reader.readline({ signal });
    } finally {
      writer.write("goodbye");
    }
  }, { port: 0, onError: (error) => Promise.reject(error) });
  await using client = await openConnection({ port: server.port });
  await begun.promise;
  assertEquals(await server.shutdown(), { finished: 1, aborted: 0 });
  assertEquals(decode(await client.reader.read()), "goodbye");
});

Deno.test("startServer() aborts connection.signal when the peer is gone although the handler does not read", async () => {
  const gone = Promise.withResolvers<unknown>();
  await using server = await serveWith(async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    gone.resolve(signal.reason);
  });
  await using peer = await RawPeer.connect(server.port);
  await settle();
  await peer.reset();
  assert(await gone.promise instanceof Error);
});

Deno.test("startServer() runs handlers at the same time, each for its own connection", async () => {
  const count = 50;
  const everybody = Promise.withResolvers<void>();
  let present = 0;
  await using server = await serveWith(async ({ reader, writer }) => {
    const name = await reader.readline();
    if (++present === count) everybody.resolve();
    await everybody.promise;
    writer.write(name);
  });
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await using client = await openConnection({ port: server.port });
      client.writer.write(`${index}\n`);
      return decode(await client.reader.readline());
    }),
  );
  assertEquals(answers, Array.from({ length: count }, (_, index) => `${index}\n`));
});

Deno.test("Server.shutdown() waits for handlers, notifies them by the signal, and counts those that finished", async () => {
  const started = Promise.withResolvers<void>();
  let running = 0;
  const server = await startServer(async ({ signal, writer }) => {
    if (++running === 3) started.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    assertStrictEquals(signal.reason, server.signal.reason);
    writer.write("bye");
    await settle();
    running--;
  }, { port: 0 });
  const clients = await Promise.all(
    Array.from({ length: 3 }, () => openConnection({ port: server.port })),
  );
  await started.promise;
  assertEquals(await server.shutdown(), { finished: 3, aborted: 0 });
  assertEquals(running, 0);
  for (const client of clients) {
    assertEquals(decode(await client.reader.read()), "bye");
    await client.close();
  }
});

Deno.test("Server.shutdown() aborts the connections of handlers that run longer than the grace", async () => {
  using clock = new ReplacedClock();
  const started = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<unknown>();
  const server = await startServer(async ({ reader, writer }) => {
    const polite = decode(await reader.readline()) === "polite\n";
    if (polite) return;
    started.resolve();
    writer.write("still here");
    await reader.read();
    lost.resolve(await writer.drain().catch((error) => error));
  }, { port: 0, interruptOnShutdown: false });
  const [polite, rude] = await Promise.all([
    openConnection({ port: server.port }),
    openConnection({ port: server.port }),
  ]);
  rude.writer.write("rude\n");
  await started.promise;
  assertEquals(decode(await rude.reader.readexactly(10)), "still here");
  const stopping = server.shutdown({ grace: 50 });
  polite.writer.write("polite\n");
  while (server.connections.size > 1) await settle();
  clock.advance(50);
  assertEquals(await stopping, { finished: 1, aborted: 1 });
  assert(await lost.promise instanceof Error);
  for (const client of [polite, rude]) await client.close();
});

Deno.test("Server.shutdown() resolves after the handlers whose connections it aborts", async () => {
  const ended = new Set<number>();
  const entered = Promise.withResolvers<void>();
  const server = await startServer(async ({ reader, writer }) => {
    const id = ended.size + server.connections.size;
    if (id === 2) entered.resolve();
    try {
      for await (const line of reader.lines()) writer.write(line);
    } finally {
      await Promise.resolve();
      ended.add(id);
    }
  }, { port: 0, interruptOnShutdown: false });
  await using _a = await openConnection({ port: server.port });
  await using _b = await openConnection({ port: server.port });
  await entered.promise;
  assertEquals(await server.shutdown({ grace: 1 }), { finished: 0, aborted: 2 });
  assertEquals(ended.size, 2);
});

Deno.test("Server.shutdown() waits also for a handler that outlives its connection", async () => {
  const order: string[] = [];
  const started = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const server = await startServer(async (connection) => {
    await connection.close();
    started.resolve();
    await goOn.promise;
    order.push("handler");
  }, { port: 0 });
  await using client = await openConnection({ port: server.port });
  await started.promise;
  await client.reader.read();
  const stopping = server.shutdown().then((report) => {
    order.push("shutdown");
    return report;
  });
  await settle();
  assertEquals(order, []);
  goOn.resolve();
  assertEquals(await stopping, { finished: 0, aborted: 0 });
  assertEquals(order, ["handler", "shutdown"]);
});

Deno.test("startServer() rejects a bad limit before it binds anything", async () => {
  await using socket = await temporarySocket();
  const { path } = socket;
  await assertRejects(() => startServer(echoLines, { path, limit: 0 }), RangeError, "limit 0");
  await assertRejects(() => startUnixServer(echoLines, { path, limit: -1 }), RangeError);
});

Deno.test("startServer() gives its limit to the reader of each connection", async () => {
  await using server = await serveWith(async ({ reader, writer }) => {
    const line = await reader.readline().then(decode, (error) => error.name);
    writer.write(line);
  }, { limit: 4 });
  for (const [line, answer] of [["1234\n", "1234\n"], ["12345\n", "LimitOverrunError"]] as const) {
    await using client = await openConnection({ port: server.port });
    client.writer.write(line);
    assertEquals(decode(await client.reader.read()), answer);
  }
});

Deno.test("startServer() with startServing: false accepts after startServing()", async () => {
  const server = await startServer(echoLines, { port: 0, startServing: false });
  assertEquals(server.isServing(), false);
  await using client = await openConnection({ port: server.port });
  client.writer.write("early\n");
  await settle();
  assertEquals(server.connections.size, 0);
  server.startServing();
  assertEquals(decode(await client.reader.readline()), "early\n");
  client.writer.close();
  await server.shutdown();
});

Deno.test("startServer() rejects with TypeError for an invalid handler or invalid options", async () => {
  const wrong = [[undefined, { port: 0 }, "Cannot serve: undefined is not a function"], [
    () => {},
    8888,
    "Cannot listen: 8888 is not an object with options such as { hostname, port }",
  ]] as const;
  for (const [handler, options, message] of wrong) {
    await assertRejects(
      // As callers without types do.
      () => startServer(handler as unknown as () => void, options as { port: number }),
      TypeError,
      message,
    );
  }
});

Deno.test("startServer() tells that the peer ended the connection when the handler returns after the peer's end", async () => {
  const ended = Promise.withResolvers<CloseInfo>();
  await using server = await startServer(async (connection) => {
    void connection.closed.then(ended.resolve);
    await connection.reader.read();
  }, { port: 0 });
  const client = await Deno.connect({ port: server.port });
  await client.closeWrite();
  assertEquals((await ended.promise).endedBy, "peer");
  client.close();
});
