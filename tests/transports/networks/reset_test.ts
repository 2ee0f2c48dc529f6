import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer, type StartServerOptions } from "../../../streams/servers/start_server.ts";
import { compression } from "../../../transports/layers/compression.ts";
import { logging } from "../../../transports/layers/logging.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { temporarySocket } from "../../support/places/socket_path.ts";
import { localhost } from "../../support/certificates/certificates.ts";

/**
 * The end that a client of Deno's sees after `end` of the connection at a server on nodeNetwork.
 */
async function seenByClient(
  end: Parameters<typeof startServer>[0],
  options: Partial<StartServerOptions> = {},
): Promise<unknown> {
  await using server = await startServer(end, { port: 0, network: nodeNetwork, ...options });
  try {
    using client = await Deno.connect({ port: server.port });
    return await client.read(new Uint8Array(10));
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

Deno.test("abort({ reset: true }) resets a connection on nodeNetwork, abort() does not", async () => {
  const { ConnectionReset } = Deno.errors;
  assertEquals(
    await seenByClient(({ transport }) => transport.abort({ reset: true })),
    ConnectionReset,
  );
  assertEquals(await seenByClient(({ transport }) => transport.abort({ reset: false })), null);
  assertEquals(await seenByClient(({ transport }) => transport.abort()), null);
});

Deno.test("abort({ reset: true }) resets through layers, TLS as well", async () => {
  const layers = [compression({ format: "gzip" }), logging({ sink: () => {} })];
  const reset = { layers, onError: () => {} };
  assertEquals(
    await seenByClient(({ transport }) => transport.abort({ reset: true }), reset),
    Deno.errors.ConnectionReset,
  );
  await using server = await startServer(({ transport }) => transport.abort({ reset: true }), {
    port: 0,
    network: nodeNetwork,
    tls: localhost,
  });
  await using client = await openConnection({
    hostname: "localhost",
    port: server.port,
    network: nodeNetwork,
    tls: { rejectUnauthorized: false },
  });
  await assertRejects(() => client.reader.read(), Deno.errors.ConnectionReset);
});

Deno.test("abort({ reason }) tells connectionLost, with a reset or without", async () => {
  for (const reset of [true, false]) {
    const reason = new Error("no more");
    const closed = Promise.withResolvers<unknown>();
    await seenByClient(({ transport }) => {
      void transport.closed.then(({ endedBy, error }) => closed.resolve([endedBy, error]));
      transport.abort({ reason, reset });
    });
    assertEquals(await closed.promise, ["error", reason]);
  }
});

Deno.test("resetOnAbort resets connections that do not end cleanly", async () => {
  const options = { resetOnAbort: true, onError: () => {} };
  const { ConnectionReset } = Deno.errors;
  assertEquals(await seenByClient(({ transport }) => transport.abort(), options), ConnectionReset);
  assertEquals(
    await seenByClient(() => {
      throw new Error("a broken handler");
    }, options),
    ConnectionReset,
  );
  assertEquals(await seenByClient(({ transport }) => transport.close(), options), null);
  await assertRejects(
    () => startServer(() => {}, { port: 0, resetOnAbort: true, network: denoNetwork }),
    TypeError,
    "Cannot listen: denoNetwork does not honour resetOnAbort; give network: nodeNetwork",
  );
});

Deno.test("abort({ reset: true }) throws on a network without reset, and the connection stays open", async () => {
  await using server = await startServer(
    ({ readable, writable }) => readable.pipeTo(writable),
    { port: 0 },
  );
  for (const layers of [[], [logging({ sink: () => {} })], [compression({ format: "gzip" })]]) {
    await using client = await openConnection({ port: server.port, layers });
    assertThrows(
      () => client.transport.abort({ reset: true, reason: new Error("not told") }),
      TypeError,
      `Cannot reset the connection with 127.0.0.1:${server.port}: that takes TCP and network: node`,
    );
    client.writer.write("still here\n");
    if (layers.length < 1) await client.reader.readline();
    assertEquals((await client.close()).error, null);
  }
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  assertThrows(() => a.transport.abort({ reset: true }), TypeError, "Cannot reset");
  a.transport.abort();
  await a.transport.closed;
});

Deno.test(
  "abort({ reset: true }) throws on a Unix socket",
  { ignore: !hasUnixSockets },
  async () => {
    await using socket = await temporarySocket();
    const { path } = socket;
    const network = nodeNetwork;
    await using _server = await startServer(({ reader }) => reader.read(), { path, network });
    await using client = await openConnection({ path, network });
    assertThrows(() => client.transport.abort({ reset: true }), TypeError, "Cannot reset");
  },
);

Deno.test("abort({ reset: true }) changes nothing about a connection that is lost", async () => {
  const seen = await seenByClient(({ transport }) => {
    transport.abort();
    transport.abort({ reset: true });
  });
  assertEquals(seen, null);
});

Deno.test("abort() refuses options that it does not know, and takes any error", async () => {
  const [a] = await memoryTransportPair(() => ({}), () => ({}));
  for (const wrong of [{ rst: true }, { reset: 1 }, { reason: "text" }]) {
    // As callers without types do.
    assertThrows(() => a.transport.abort(wrong as { reset?: boolean }), TypeError, "Cannot abort");
  }
  const error = new InvalidStateError("ours");
  a.transport.abort(error);
  assertEquals((await a.transport.closed).error, error);
});
