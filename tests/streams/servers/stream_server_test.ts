import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { openConnection, openUnixConnection } from "../../../streams/open_connection.ts";
import { startServer, startUnixServer } from "../../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import type { StreamServer } from "../../../streams/servers/stream_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { CountedAccepts } from "../../support/doubles/counted_accepts.ts";
import { settle } from "../../support/time/event_loop.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { temporarySocket } from "../../support/places/socket_path.ts";
import { decode } from "../../support/text.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";

async function readLine({ reader }: StreamConnection): Promise<string> {
  return decode(await reader.readline());
}

/** Connects, and sends a line by which the server knows the client. */
async function clientOf(server: StreamServer, line: string): Promise<StreamConnection> {
  const client = await openConnection({ port: server.port });
  client.writer.write(`${line}\n`);
  return client;
}

async function echo(connection: StreamConnection): Promise<void> {
  await connection.readable.pipeTo(connection.writable);
  await connection.close();
}

async function closeAll(...connections: StreamConnection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.close()));
}

for (const network of [denoNetwork, nodeNetwork]) {
  const { name } = network;
  const start = (options = {}) => startServer(null, { port: 0, network, ...options });

  Deno.test(`accept() in a loop serves every client on ${name}`, async () => {
    const server = await start();
    const clients = await Promise.all(["a", "b", "c"].map((line) => clientOf(server, line)));
    const lines: string[] = [];
    while (lines.length < 3) {
      const connection = await server.accept();
      lines.push(await readLine(connection));
      connection.writer.write("served\n");
      await connection.close();
    }
    assertEquals(lines.sort(), ["a\n", "b\n", "c\n"]);
    for (const client of clients) assertEquals(await readLine(client), "served\n");
    await closeAll(...clients);
    assertEquals(await server.shutdown(), { finished: 0, aborted: 0 });
  });

  Deno.test(`for await over a server on ${name} ends when the server is closed`, async () => {
    const server = await start();
    const served: Promise<unknown>[] = [];
    const loop = (async () => {
      for await (const connection of server) {
        served.push(echo(connection));
      }
    })();
    await using client = await clientOf(server, "hello");
    assertEquals(await readLine(client), "hello\n");
    server.close();
    await loop;
    client.writer.write("still here\n");
    assertEquals(await readLine(client), "still here\n");
    await client.close();
    await Promise.all(served);
    await server.waitClosed();
  });

  Deno.test(`accept() that is aborted loses no connection on ${name}`, async () => {
    await using server = await start();
    const giveUp = new AbortController();
    const first = server.accept({ signal: giveUp.signal });
    const second = server.accept();
    giveUp.abort(new Error("Too long"));
    await assertRejects(() => first, Error, "Too long");
    await using client = await clientOf(server, "one");
    await using connection = await second;
    assertEquals(await readLine(connection), "one\n");
    await assertRejects(() => server.accept({ signal: giveUp.signal }), Error, "Too long");
    await closeAll(client, connection);
  });

  Deno.test(`pauseAccepting() keeps clients waiting on ${name} until resumeAccepting()`, async () => {
    await using server = await start();
    await closeAll(await clientOf(server, "before"), await server.accept());
    server.pauseAccepting();
    server.pauseAccepting();
    assert(server.isServing());
    assert(!server.isAccepting());
    const clients = await Promise.all(["a", "b"].map((line) => clientOf(server, line)));
    await settle();
    assertEquals(server.connections.size, 0);
    server.resumeAccepting();
    assert(server.isAccepting());
    const connections = [await server.accept(), await server.accept()];
    const lines = await Promise.all(connections.map(readLine));
    assertEquals(lines.sort(), ["a\n", "b\n"]);
    await closeAll(...clients, ...connections);
  });

  Deno.test(`close() of a paused server on ${name} ends in time`, async () => {
    const server = await start();
    server.pauseAccepting();
    const accepting = server.accept();
    const client = await clientOf(server, "a");
    server.close();
    await assertRejects(() => accepting, InvalidStateError, "Cannot accept: the server is closed");
    await server.waitClosed();
    server.pauseAccepting();
    server.resumeAccepting();
    assert(!server.isAccepting());
    await client.close();
  });
}

Deno.test("accept() gives each call one connection, in the order of the calls", async () => {
  await using server = await startServer(null, { port: 0 });
  const [accepting, acceptingNext] = [server.accept(), server.accept()];
  await using a = await clientOf(server, "a");
  await using first = await accepting;
  await using b = await clientOf(server, "b");
  await using second = await acceptingNext;
  assertEquals([await readLine(first), await readLine(second)], ["a\n", "b\n"]);
  await closeAll(a, b, first, second);
});

Deno.test("accept() begins to serve, and rejects once the server is closed", async () => {
  const server = await startServer(null, { port: 0, startServing: false });
  assert(!server.isServing());
  const accepting = server.accept();
  assert(server.isServing());
  server.close();
  for (const accepted of [accepting, server.accept()]) {
    await assertRejects(() => accepted, InvalidStateError, "Cannot accept: the server is closed");
  }
  for await (const _ of server) throw new Error("A closed server has no connections");
  await server.shutdown();
});

Deno.test("accept() refuses wrong options, and a server that has a handler", async () => {
  await using server = await startServer(null, { port: 0 });
  await assertRejects(
    // As callers without types do.
    () => server.accept({ signal: 5 } as unknown as { signal: AbortSignal }),
    TypeError,
    "signal 5 is not an AbortSignal",
  );
  await using handled = await startServer(() => {}, { port: 0 });
  const text = "Cannot accept: the server has a handler, which is given every connection; " +
    "call startServer(null, options) instead";
  await assertRejects(() => handled.accept(), InvalidStateError, text);
  await assertRejects(() => handled[Symbol.asyncIterator]().next(), InvalidStateError, text);
});

Deno.test("a server without a handler takes 64 connections ahead and leaves the rest in the backlog", async () => {
  const accepts = new CountedAccepts();
  await using server = await startServer(null, { port: 0, network: accepts.network });
  const clients = await Promise.all(
    Array.from({ length: 80 }, (_, index) => clientOf(server, `${index}`)),
  );
  await accepts.until(64);
  await settle();
  assertEquals(server.connections.size, 64);
  const lines = new Set<string>();
  while (lines.size < clients.length) {
    const connection = await server.accept();
    lines.add(await readLine(connection));
    await connection.close();
  }
  await closeAll(...clients);
});

Deno.test("close() leaves connections that wait to accept(), shutdown() aborts them", async () => {
  const accepts = new CountedAccepts();
  const server = await startServer(null, { port: 0, network: accepts.network });
  const clients = [await clientOf(server, "a"), await clientOf(server, "b")];
  await accepts.until(2);
  server.close();
  const connection = await server.accept();
  const ended = server.shutdown();
  assert(connection.signal.aborted);
  await connection.close();
  assertEquals(await ended, { finished: 1, aborted: 1 });
  await assertRejects(() => server.accept(), InvalidStateError, "the server is closed");
  await closeAll(...clients);
});

Deno.test("shutdown() with wrong options changes neither the server nor waiting connections", async () => {
  const accepts = new CountedAccepts();
  await using server = await startServer(null, { port: 0, network: accepts.network });
  await using client = await clientOf(server, "a");
  await accepts.until(1);
  await assertRejects(() => server.shutdown({ grace: -1 }), RangeError);
  await using connection = await server.accept();
  assertEquals(await readLine(connection), "a\n");
  await closeAll(client, connection);
});

Deno.test("accept() returns a connection after its TLS handshake, which delays no other", async () => {
  await using server = await startServer(null, { port: 0, tls: localhost, onError: () => {} });
  // A client that never begins its handshake.
  await using silent = await openConnection({ port: server.port });
  await using client = await openConnection({ port: server.port, tls: trusting });
  await using connection = await server.accept();
  assert(connection.transport.getExtraInfo("sslObject") !== null);
  await closeAll(client, connection, silent);
});

Deno.test("startUnixServer() without a handler accepts", { ignore: !hasUnixSockets }, async () => {
  await using socket = await temporarySocket();
  await using server = await startUnixServer(null, { path: socket.path });
  await using client = await openUnixConnection({ path: socket.path });
  client.writer.write("hi\n");
  await using connection = await server.accept();
  assertEquals(await readLine(connection), "hi\n");
  await closeAll(client, connection);
});
