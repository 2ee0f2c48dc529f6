import { assert, assertEquals, assertRejects } from "@std/assert";
import { NameResolutionError } from "../../protocols/errors.ts";
import { createConnection } from "../../transports/create_connection.ts";
import { createServer, type ListenOptions } from "../../transports/create_server.ts";
import { hasUnixSockets } from "../support/runs/has_unix_sockets.ts";

const WRONG: [Partial<ListenOptions>, typeof TypeError | typeof RangeError, string][] = [
  [{}, TypeError, "Cannot listen: neither port nor path given"],
  [{ port: 1, path: "/x" }, TypeError, 'path "/x" given together with port 1'],
  [{ hostname: [], port: 0 }, TypeError, "hostname is an empty list"],
  [{ port: -1 }, RangeError, "port -1 is not in 0 to 65535"],
  [{ port: 65_536 }, RangeError, "port 65536 is not in 0 to 65535"],
  [{ port: 0, backlog: 0 }, RangeError, "backlog 0 is not a whole number of at least 1"],
  [{ port: 0, backlog: 1.5 }, RangeError, "backlog 1.5"],
  [
    { port: 0, maxConnections: 0 },
    RangeError,
    "maxConnections 0 is not a whole number of at least 1",
  ],
  [{ port: 0, maxWriteBuffer: NaN }, RangeError, "maxWriteBuffer NaN is not a size"],
  [
    { port: 0, writeBufferLimits: { high: -1 } },
    RangeError,
    "writeBufferLimits.high -1 is not a size",
  ],
];

for (const [options, error, message] of WRONG) {
  Deno.test({
    name: `createServer() rejects with "${message}" before it opens anything`,
    // Without a permission all that it opened would fail in another way.
    permissions: "none",
    fn: async () => {
      await assertRejects(() => createServer(() => ({}), options as ListenOptions), error, message);
    },
  });
}

Deno.test("createServer() rejects with AddrInUse that names the address", async () => {
  await using server = await createServer(() => ({}), { port: 0 });
  const { port } = server;
  const error = await assertRejects(
    () => createServer(() => ({}), { port }),
    Deno.errors.AddrInUse,
    `Cannot listen on 127.0.0.1:${port}: `,
  );
  assertEquals("code" in error && error.code, "EADDRINUSE");
});

Deno.test(
  "createServer() rejects with AddrInUse that names the path",
  { ignore: !hasUnixSockets },
  async () => {
    const path = await Deno.makeTempFile({ prefix: "sluice-" });
    await assertRejects(
      () => createServer(() => ({}), { path }),
      Deno.errors.AddrInUse,
      `Cannot listen on ${path}: a file that is not a socket stands there`,
    );
    await Deno.remove(path);
  },
);

Deno.test("createServer() rejects with NameResolutionError for a host that does not exist", async () => {
  await assertRejects(
    () => createServer(() => ({}), { hostname: "no-such-host.invalid", port: 0 }),
    NameResolutionError,
    'Cannot resolve host name: "no-such-host.invalid"',
  );
});

Deno.test("createServer() binds all its addresses or none", async () => {
  await using taken = await createServer(() => ({}), { hostname: "127.0.0.2", port: 0 });
  const { port } = taken;
  await assertRejects(
    () => createServer(() => ({}), { hostname: ["127.0.0.1", "127.0.0.2"], port }),
    Deno.errors.AddrInUse,
    `Cannot listen on 127.0.0.2:${port}: `,
  );
  // The first one was released again.
  await using _free = await createServer(() => ({}), { hostname: "127.0.0.1", port });
});

Deno.test("createServer() refuses reusePort where Deno would end the process", async () => {
  assert(!("listenDatagram" in Deno), "this runs without --unstable-net");
  await assertRejects(
    () => createServer(() => ({}), { port: 0, reusePort: true }),
    TypeError,
    "reusePort needs deno run --unstable-net",
  );
});

Deno.test("createServer() gives every connection a protocol of its own, and its options", async () => {
  const limits: unknown[] = [];
  const server = await createServer(() => ({
    connectionMade: (transport) => void limits.push(transport.getWriteBufferLimits()),
  }), { port: 0, writeBufferLimits: { high: 8 }, keepAlive: true });
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await createConnection(() => ({}), server));
  for (const { transport } of clients) transport.write("x");
  while (limits.length < 3) await new Promise((resolve) => setImmediate(resolve));
  assertEquals(limits, Array(3).fill({ high: 8, low: 2 }));
  for (const { transport } of clients) transport.close();
  await server.shutdown();
});
