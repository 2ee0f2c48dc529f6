import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type ConnectionHandler,
  framed,
  lineCodec,
  openConnection,
  startServer,
  type StreamConnection,
  TaskGroup,
} from "@sluice/net";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { decode } from "../../support/text.ts";

/** More than the system takes of a connection whose peer does not read. */
const MUCH = new Uint8Array(8_000_000);

/** Handlers without a signal, each in another wait for its peer, who does nothing. */
const HANDLERS: Record<string, ConnectionHandler> = {
  "read()": ({ reader }) => reader.read(),
  "read(-1) with bytes that came": async ({ reader }) => {
    await reader.peek(1);
    await reader.read(-1);
  },
  "readexactly()": ({ reader }) => reader.readexactly(1000),
  "readline()": ({ reader }) => reader.readline(),
  "lines()": async ({ reader }) => {
    for await (const _line of reader.lines());
  },
  "for await of the reader": async ({ reader }) => {
    for await (const _line of reader);
  },
  "readable.pipeTo()": ({ readable, writable }) => readable.pipeTo(writable),
  "a read of readable": async ({ readable }) => {
    for await (const _chunk of readable);
  },
  "receive()": async (connection) => {
    for await (const _message of framed(connection, lineCodec()));
  },
  "drain()": async ({ writer }) => {
    writer.write(MUCH);
    await writer.drain();
  },
  "flush()": async ({ writer }) => {
    writer.write(MUCH);
    await writer.flush();
  },
  "waitClosed()": ({ writer }) => writer.waitClosed(),
  "tasks of a group": async ({ reader, writer }) => {
    await TaskGroup.run((group) => {
      group.createTask(() => reader.read(-1));
      group.createTask(() => writer.waitClosed());
    });
  },
  "an endless answer": async ({ writer }) => {
    for (;;) {
      writer.write("more");
      await writer.drain();
    }
  },
};

for (const [name, handler] of Object.entries(HANDLERS)) {
  Deno.test(`shutdown() ends a handler without a signal that waits in ${name}`, async () => {
    const errors: Error[] = [];
    const started = Promise.withResolvers<void>();
    const server = await startServer((connection) => {
      started.resolve();
      return handler(connection);
    }, { port: 0, onError: (error) => void errors.push(error) });
    const client = await Deno.connect({ port: server.port });
    await client.write(new Uint8Array(3));
    await started.promise;
    await settle();
    // The grace has no end: if the handler did, or its connection, this would be for ever.
    const stopping = server.shutdown({ grace: Infinity });
    const isWriting = ["drain()", "flush()", "an endless answer"].includes(name);
    if (isWriting) { for await (const _chunk of client.readable); }
    const report = await stopping;
    if (!isWriting) client.close();
    assertEquals(report, { finished: 1, aborted: 0 });
    assertEquals(errors, []);
  });
}

Deno.test("shutdown() ends waits that begin after it, and written bytes are still sent", async () => {
  const started = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  const server = await startServer(async ({ reader, writer }) => {
    await reader.peek(8);
    started.resolve();
    try {
      await reader.readline();
    } catch (reason) {
      reasons.push(reason);
    }
    writer.write("bye");
    reasons.push(await writer.drain().catch((reason) => reason));
    reasons.push(await reader.read().catch((reason) => reason));
    assertEquals(decode(reader.takeBuffered()), "half a l");
  }, { port: 0 });
  await using client = await openConnection({ port: server.port });
  client.writer.write("half a l");
  await started.promise;
  await settle();
  await server.shutdown({ grace: Infinity });
  assertEquals(decode(await client.reader.read()), "bye");
  assertEquals(reasons, Array.from({ length: 3 }, () => server.signal.reason));
});

Deno.test("shutdown() does not interrupt handlers with interruptOnShutdown: false", async () => {
  const started = Promise.withResolvers<void>();
  const server = await startServer(async ({ reader, writer }) => {
    started.resolve();
    writer.write(await reader.readline());
    await writer.drain();
  }, { port: 0, interruptOnShutdown: false });
  await using client = await openConnection({ port: server.port });
  await started.promise;
  const stopping = server.shutdown({ grace: Infinity });
  assertEquals(await stateOf(stopping), "pending");
  client.writer.write("last\n");
  assertEquals(decode(await client.reader.read()), "last\n");
  assertEquals(await stopping, { finished: 1, aborted: 0 });
});

Deno.test("shutdown() ends no wait of a connection that was accepted one by one", async () => {
  const server = await startServer(null, { port: 0 });
  await using client = await openConnection({ port: server.port });
  const connection: StreamConnection = await server.accept();
  const reading = connection.reader.readline();
  const stopping = server.shutdown({ grace: Infinity });
  client.writer.write("line\n");
  assertEquals(decode(await reading), "line\n");
  await connection.close();
  await stopping;
});

Deno.test("A failure that is not the server's reason is reported, in a group of tasks as well", async () => {
  const errors: Error[] = [];
  const started = Promise.withResolvers<void>();
  const server = await startServer(({ reader }) =>
    TaskGroup.run((group) => {
      group.createTask(async () => {
        started.resolve();
        await reader.readline().catch(() => {});
        throw new Error("spilt");
      });
    }), { port: 0, onError: (error) => void errors.push(error) });
  await using _client = await openConnection({ port: server.port });
  await started.promise;
  await settle();
  await server.shutdown({ grace: Infinity });
  assertStrictEquals(errors.length, 1);
  assert(errors[0] instanceof AggregateError);
});
