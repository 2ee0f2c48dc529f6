import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { ConnectTimeoutError, NameResolutionError } from "../../protocols/errors.ts";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import {
  type ConnectOptions,
  createConnection,
  createUnixConnection,
} from "../../transports/create_connection.ts";
import { createServer } from "../../transports/create_server.ts";
import type { Server } from "../../transports/servers/server.ts";
import { hasUnixSockets } from "../support/runs/has_unix_sockets.ts";
import { freePort } from "../support/places/free_port.ts";

/** So many connections in a row are not answered when a backlog is full; one may be slow only. */
const UNANSWERED = 3;

/** A server that accepts no connection, whose backlog is full; and what fills it. */
async function fullServer(): Promise<{ server: Server; conns: Deno.Conn[] }> {
  const server = await createServer(() => ({}), { port: 0, backlog: 1, startServing: false });
  const conns: Deno.Conn[] = [];
  for (let unanswered = 0; unanswered < UNANSWERED;) {
    const signal = AbortSignal.timeout(50);
    try {
      conns.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port, signal }));
      unanswered = 0;
    } catch {
      unanswered++;
    }
  }
  return { server, conns };
}

async function release({ server, conns }: { server: Server; conns: Deno.Conn[] }): Promise<void> {
  for (const conn of conns) conn.close();
  await server.shutdown({ grace: 0 });
}

/** Gives the arguments of `Deno.connect` while `run` runs; it connects all the same. */
async function givenToDeno(run: () => Promise<void>): Promise<Deno.ConnectOptions[]> {
  const given: Deno.ConnectOptions[] = [];
  const { connect } = Deno;
  const noting = (options: Deno.ConnectOptions): Promise<Deno.TcpConn> => {
    given.push(options);
    return connect(options);
  };
  Object.assign(Deno, { connect: noting });
  try {
    await run();
  } finally {
    Object.assign(Deno, { connect });
  }
  return given;
}

Deno.test("createConnection() resolves after connectionMade, with addresses and socket", async () => {
  await using server = await createServer(() => ({}), { port: 0 });
  const { transport, protocol } = await createConnection(() => new RecordingProtocol(), {
    port: server.port,
  });
  assertStrictEquals(protocol.transport, transport);
  const peername = { transport: "tcp" as const, hostname: "127.0.0.1", port: server.port };
  assertEquals(transport.getExtraInfo("peername"), peername);
  const sockname = transport.getExtraInfo("sockname");
  assert(sockname?.transport === "tcp" && sockname.port !== server.port);
  assert(transport.getExtraInfo("socket") !== null);
  transport.close();
  await transport.closed;
  assertEquals(transport.getExtraInfo("peername"), peername);
});

Deno.test("createConnection() connects to a host by its name", async () => {
  await using server = await createServer(() => ({}), { port: 0, hostname: "localhost" });
  const { transport } = await createConnection(() => ({}), {
    hostname: "localhost",
    port: server.port,
  });
  const peername = transport.getExtraInfo("peername");
  assert(peername?.transport === "tcp" && peername.port === server.port);
  transport.close();
  await transport.closed;
});

Deno.test({
  name: "createConnection() has the system probe a silent peer only with keepAlive",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using server = await createServer(() => ({}), { port: 0 });
    for (const keepAlive of [true, false]) {
      const { transport } = await createConnection(() => ({}), { port: server.port, keepAlive });
      const sockname = transport.getExtraInfo("sockname");
      assert(sockname?.transport === "tcp");
      const timer = await timerOf(sockname.port, server.port);
      assertEquals(timer === KEEPALIVE_TIMER, keepAlive, timer);
      transport.close();
      await transport.closed;
    }
  },
});

/** As /proc/net/tcp has it: 1 is retransmission, 2 is keep-alive. */
const KEEPALIVE_TIMER = "02";

/** The timer that is set on a connection over 127.0.0.1. */
async function timerOf(localPort: number, remotePort: number): Promise<string | undefined> {
  const [local, remote] = [localPort, remotePort].map((port) =>
    `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`
  );
  const table = await Deno.readTextFile("/proc/net/tcp");
  const line = table.split("\n").find((one) => one.includes(` ${local} ${remote} `));
  return line?.trim().split(/\s+/)[5]?.slice(0, 2);
}

Deno.test("createConnection() hands happyEyeballsDelay to Deno, and leaves the default to Deno", async () => {
  await using server = await createServer(() => ({}), { port: 0 });
  const { port } = server;
  const given = await givenToDeno(async () => {
    for (const options of [{ port, happyEyeballsDelay: 100 }, { port }]) {
      const { transport } = await createConnection(() => ({}), options);
      transport.close();
      await transport.closed;
    }
  });
  const delays = given.map((options) =>
    "autoSelectFamilyAttemptDelay" in options ? options.autoSelectFamilyAttemptDelay : "not given"
  );
  assertEquals(delays, [100, "not given"]);
});

Deno.test("createConnection() rejects with ConnectionRefused that names the address", async () => {
  const port = freePort();
  const error = await assertRejects(
    () => createConnection(() => ({}), { port }),
    Deno.errors.ConnectionRefused,
    `Cannot connect to 127.0.0.1:${port}: `,
  );
  assertEquals("code" in error && error.code, "ECONNREFUSED");
});

Deno.test("createConnection() to a Unix socket that is not there names its path", {
  ignore: !hasUnixSockets,
}, async () => {
  const path = `/tmp/sluice-${crypto.randomUUID()}.sock`;
  await assertRejects(
    () => createUnixConnection(() => ({}), { path }),
    Deno.errors.NotFound,
    `Cannot connect to ${path}: `,
  );
});

Deno.test("createConnection() rejects with NameResolutionError for a host that does not exist", async () => {
  const hostname = "no-such-host.invalid";
  const error = await assertRejects(
    () => createConnection(() => ({}), { hostname, port: 80 }),
    NameResolutionError,
    'Cannot resolve host name: "no-such-host.invalid"',
  );
  assertEquals(error.hostname, hostname);
  assertInstanceOf(error.cause, Error);
});

Deno.test("createConnection() rejects with ConnectTimeoutError when no answer comes in time", async () => {
  const full = await fullServer();
  const { port } = full.server;
  const error = await assertRejects(
    () => createConnection(() => ({}), { port, connectTimeout: 100 }),
    ConnectTimeoutError,
    `Cannot connect to 127.0.0.1:${port}: no answer within 100 ms`,
  );
  assertEquals([error.address, error.timeoutMs], [`127.0.0.1:${port}`, 100]);
  await release(full);
});

Deno.test("createConnection() ends with the reason of its signal, before and while it connects", async () => {
  const reason = new Error("changed my mind");
  const port = freePort();
  const aborted = AbortSignal.abort(reason);
  let factoryCalls = 0;
  const factory = () => {
    factoryCalls++;
    return {};
  };
  assertStrictEquals(
    await assertRejects(() => createConnection(factory, { port, signal: aborted })),
    reason,
  );
  const full = await fullServer();
  const controller = new AbortController();
  const connecting = createConnection(factory, {
    port: full.server.port,
    signal: controller.signal,
  });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => connecting), reason);
  assertEquals(factoryCalls, 0);
  await release(full);
});

Deno.test("createConnection() to a Unix socket obeys its signal, and closes a late connection", {
  // The path has no file, as on Linux only.
  ignore: Deno.build.os !== "linux",
}, async () => {
  const path = `\0sluice-${crypto.randomUUID()}`;
  await using _server = await createServer(() => ({}), { path });
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const connecting = createConnection(() => ({}), { path, signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => connecting), reason);
  // A socket that was left open would be found by the sanitizer.
});

Deno.test("createConnection() closes the socket and rejects when the factory throws", async () => {
  const lost = Promise.withResolvers<void>();
  await using server = await createServer(() => ({ connectionLost: () => lost.resolve() }), {
    port: 0,
  });
  await assertRejects(
    () =>
      createConnection(() => {
        throw new SyntaxError("On purpose");
      }, { port: server.port }),
    SyntaxError,
    "On purpose",
  );
  await lost.promise;
});

const WRONG: [Partial<ConnectOptions>, typeof TypeError | typeof RangeError, string][] = [
  [{}, TypeError, "neither port nor path given"],
  [{ port: 1, path: "/x" }, TypeError, 'path "/x" given together with port 1'],
  [{ path: "/x", hostname: "y" }, TypeError, 'path "/x" given together with hostname "y"'],
  // As callers without types do who forget to await a server.
  [{ port: undefined } as unknown as ConnectOptions, TypeError, "port is undefined"],
  [{ path: "" }, TypeError, "path is empty"],
  [{ port: 0 }, RangeError, "port 0 is not in 1 to 65535"],
  [{ port: 70_000 }, RangeError, "port 70000 is not in 1 to 65535"],
  [{ port: 1, connectTimeout: 0 }, RangeError, "connectTimeout 0 is not a time above 0 ms"],
  [{ port: 1, connectTimeout: -5 }, RangeError, "connectTimeout -5 is not a time above 0 ms"],
  [{ port: 1, maxWriteBuffer: -1 }, RangeError, "maxWriteBuffer -1 is not a size"],
  [{ port: 1, writeBufferLimits: { high: 1, low: 2 } }, RangeError, "high (1) must be >= low (2)"],
  [
    { port: 1, writeBufferLimits: { low: -2 } },
    RangeError,
    "writeBufferLimits.low -2 is not a size",
  ],
];

for (const [options, error, message] of WRONG) {
  Deno.test({
    name: `createConnection() rejects with "${message}" before it opens anything`,
    // Without a permission all that it opened would fail in another way.
    permissions: "none",
    fn: async () => {
      await assertRejects(
        () => createConnection(() => ({}), options as ConnectOptions),
        error,
        message,
      );
    },
  });
}

Deno.test("createConnection() leaves nothing open when it is aborted as the connection comes about", async () => {
  const lost = Promise.withResolvers<void>();
  await using server = await createServer(() => ({ connectionLost: () => lost.resolve() }), {
    port: 0,
  });
  const { connect } = Deno;
  const abort = new AbortController();
  // Deno gives a connection in the turn in which the signal aborts.
  Deno.connect = (async (options: Deno.ConnectOptions) => {
    const conn = await connect(options);
    abort.abort(new Error("too late"));
    return conn;
  }) as typeof connect;
  try {
    const { port } = server;
    const connecting = createConnection(() => ({}), { port, signal: abort.signal });
    await assertRejects(() => connecting, Error, "too late");
  } finally {
    Deno.connect = connect;
  }
  await lost.promise;
});
