import { framed, openConnection, startServer } from "@sluice/net";
import { assertCodec } from "@sluice/net/testing";
import { assert, assertEquals } from "@std/assert";
import { jsonRpcCodec, serveJsonRpc } from "../../../examples/json_rpc.ts";
import { type FramedConnection, FrameDecodeError } from "@sluice/net";
import { startExample, testWithSignals } from "../run_example.ts";

/** A request of the protocol. */
function request(id: unknown, method: string, params?: unknown): unknown {
  return { jsonrpc: "2.0", ...(id !== undefined && { id }), method, params };
}

/** An answer of the protocol. */
function result(id: unknown, value: unknown): unknown {
  return { jsonrpc: "2.0", id, result: value };
}

async function errorOf(messages: FramedConnection<unknown>): Promise<[unknown, number]> {
  const { id, error } = await messages.receive() as { id: unknown; error: { code: number } };
  return [id, error.code];
}

Deno.test("jsonRpcCodec() frames values as the Language Server Protocol does", () => {
  assertCodec(jsonRpcCodec, [
    { bytes: 'Content-Length: 7\r\n\r\n{"a":1}', received: [{ a: 1 }], sent: [{ a: 1 }] },
    {
      bytes: "Content-Length: 1\r\n\r\n{Content-Length: 1\r\n\r\n5",
      received: [FrameDecodeError, 5],
      sent: [],
    },
  ]);
});

testWithSignals("json_rpc answers requests in the order they are done", async () => {
  await using server = startExample("json_rpc", ["--port", "0"]);
  await using client = framed(await openConnection({ port: await server.port() }), jsonRpcCodec());
  await client.send(request(1, "wait", [300]));
  await client.send(request("two", "sum", [1, 2, 3]));
  await client.send(request(undefined, "sum", [1]));
  await client.send(request(3, "wait", [20]));
  assertEquals(await client.receive(), result("two", 6));
  assertEquals(await client.receive(), result(3, 20));
  assertEquals(await client.receive(), result(1, 300));
  client.connection.writer.writeEof();
  assertEquals(await client.receive(), undefined);
  const { code, stderr } = await server.stop("SIGTERM");
  assertEquals([code, stderr], [0, []]);
});

Deno.test("json_rpc answers with the codes of JSON-RPC what it cannot do, and goes on", async () => {
  await using server = await startServer(serveJsonRpc, { port: 0 });
  await using connection = await openConnection({ port: server.port });
  const client = framed(connection, jsonRpcCodec());
  await client.send(request(1, "unknown"));
  assertEquals(await errorOf(client), [1, -32601]);
  await client.send(request(2, "sum", ["a"]));
  assertEquals(await errorOf(client), [2, -32602]);
  await client.send(request(3, "wait", [-1]));
  assertEquals(await errorOf(client), [3, -32602]);
  for (
    const value of [[], 5, null, { id: 1 }, { jsonrpc: "2.0", method: 5 }, {
      jsonrpc: "2.0",
      method: "sum",
      id: {},
    }]
  ) {
    await client.send(value);
    assertEquals(await errorOf(client), [null, -32600]);
  }
  connection.writer.write("Content-Length: 1\r\n\r\n{");
  assertEquals(await errorOf(client), [null, -32700]);
  await client.send(request(4, "sum", []));
  assertEquals(await client.receive(), result(4, 0));
});

Deno.test("json_rpc cancels a request that is under way", async () => {
  await using server = await startServer(serveJsonRpc, { port: 0 });
  await using client = framed(await openConnection({ port: server.port }), jsonRpcCodec());
  await client.send(request(1, "wait", [60_000]));
  await client.send(request(undefined, "$/cancelRequest", { id: 1 }));
  assertEquals(await errorOf(client), [1, -32800]);
});

Deno.test("json_rpc has no more than 64 requests of a client under way", async () => {
  await using server = await startServer(serveJsonRpc, { port: 0 });
  await using client = framed(await openConnection({ port: server.port }), jsonRpcCodec());
  // With the same id, so that it is not the ids that are counted.
  for (let i = 0; i < 64; i++) await client.send(request(i, "wait", [60_000]));
  await client.send(request("late", "sum", [1]));
  // Were it read, this would be answered before that.
  await client.send(request(undefined, "$/cancelRequest", { id: 5 }));
  await client.send(request("later", "sum", [2]));
  let answered = false;
  const first = client.receive().finally(() => answered = true);
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(answered, false);
  client.connection.transport.abort();
  await first.catch(() => {});
});

Deno.test("json_rpc ends its requests when the client has gone", async () => {
  const errors: Error[] = [];
  await using server = await startServer(serveJsonRpc, {
    port: 0,
    onError: (error) => void errors.push(error),
  });
  const client = framed(await openConnection({ port: server.port }), jsonRpcCodec());
  await client.send(request(1, "wait", [60_000]));
  await client.send(request(2, "sum", [1]));
  assertEquals(await client.receive(), result(2, 1));
  client.connection.transport.abort();
  const { finished, aborted } = await server.shutdown({ grace: 5000 });
  assert(finished + aborted <= 1);
  assertEquals(errors, []);
});
