import { assert, assertEquals, assertRejects } from "@std/assert";
import { openConnection, openUnixConnection } from "../../streams/open_connection.ts";
import { startServer, startUnixServer } from "../../streams/servers/start_server.ts";
import type { StreamConnection } from "../../streams/stream_connection.ts";
import { temporarySocket } from "../support/places/socket_path.ts";
import { decode } from "../support/text.ts";
import { hasUnixSockets } from "../support/runs/has_unix_sockets.ts";
import { freePort } from "../support/places/free_port.ts";

async function answer({ reader, writer }: StreamConnection): Promise<void> {
  const request = await reader.readline();
  writer.write(request);
  writer.write("line\nthe rest");
}

async function ask({ reader, writer }: StreamConnection): Promise<string[]> {
  writer.write("request\n");
  const parts = [await reader.readline(), await reader.readline(), await reader.read()];
  return parts.map(decode);
}

Deno.test("openConnection() asks a question over TCP and reads the answer to its end", async () => {
  await using server = await startServer(answer, { port: 0 });
  await using connection = await openConnection({ port: server.port });
  assertEquals(await ask(connection), ["request\n", "line\n", "the rest"]);
  const peer = connection.writer.getExtraInfo("peername");
  assertEquals(peer, { transport: "tcp", hostname: "127.0.0.1", port: server.port });
});

for (
  const [name, open] of [["openUnixConnection", openUnixConnection], [
    "openConnection",
    openConnection,
  ]] as const
) {
  Deno.test(
    `${name}() asks a question over a Unix socket`,
    { ignore: !hasUnixSockets },
    async () => {
      await using socket = await temporarySocket();
      const { path } = socket;
      await using _server = await startUnixServer(answer, { path });
      await using connection = await open({ path });
      assertEquals(await ask(connection), ["request\n", "line\n", "the rest"]);
    },
  );
}

Deno.test("openConnection() gives its limit to the reader", async () => {
  await using server = await startServer(({ writer }) => void writer.write("12345\n"), { port: 0 });
  await using connection = await openConnection({ port: server.port, limit: 4 });
  await assertRejects(() => connection.reader.readline(), RangeError, "limit is 4 bytes");
});

Deno.test("openConnection() rejects a bad limit before it connects", async () => {
  let count = 0;
  await using server = await startServer(() => void count++, { port: 0 });
  const { port } = server;
  await assertRejects(() => openConnection({ port, limit: 0 }), RangeError, "limit 0");
  await using _connection = await openConnection({ port });
  await _connection.reader.read();
  assertEquals(count, 1);
});

Deno.test("openConnection() rejects with the address when no server listens", async () => {
  const port = freePort();
  const { ConnectionRefused, NotFound } = Deno.errors;
  await assertRejects(() => openConnection({ port }), ConnectionRefused, `127.0.0.1:${port}`);
  const path = "/nowhere/at/all.sock";
  await assertRejects(() => openUnixConnection({ path }), NotFound, path);
});

Deno.test("openConnection() rejects when its signal aborts", async () => {
  await using server = await startServer(answer, { port: 0 });
  const reason = new Error("Enough");
  const { port } = server;
  const error = await assertRejects(() =>
    openConnection({ port, signal: AbortSignal.abort(reason) })
  );
  assert(error === reason);
});
