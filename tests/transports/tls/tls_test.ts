import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import {
  ConnectionLostError,
  PlaintextInjectionError,
  ShutdownTimeoutError,
  TlsHandshakeError,
  TlsProtocolError,
  TruncationError,
} from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { connectStreams } from "../../../transports/connect_streams.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import type { SocketOptions } from "../../../transports/carriers/socket_options.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { startTls } from "../../../transports/tls/start_tls.ts";
import { tlsLayer } from "../../../transports/tls/tls_layer.ts";
import type { TlsCertificate } from "../../../transports/tls/tls_certificate.ts";
import type { TlsOptions } from "../../../transports/tls/tls_options.ts";
import { echoServer, hello } from "./attempt.ts";
import { turn } from "../../support/time/event_loop.ts";
import {
  ca,
  client,
  localhost,
  other,
  pathOf,
  stranger,
  trusting,
} from "../../support/certificates/certificates.ts";
import { tlsMemoryPair, tlsPair } from "../../support/pairs/tls_pairs.ts";

const ENGINES = ["native", "layer"] as const;
const KEEP_OPEN = { eofReceived: () => true };

for (const engine of ENGINES) {
  Deno.test(`TLS connections tell what was agreed on (${engine})`, async () => {
    const alpnProtocols = ["x/2", "x/1"];
    const made = Promise.withResolvers<Transport>();
    await using server = await createServer(() => ({ connectionMade: made.resolve }), {
      port: 0,
      tls: { ...localhost, alpnProtocols: ["x/1"], engine },
    });
    const { transport } = await createConnection(() => ({}), {
      port: server.port,
      tls: { ...trusting, alpnProtocols, engine },
    });
    const accepted = await made.promise;
    for (const end of [transport, accepted]) {
      assertEquals(end.getExtraInfo("tlsEngine"), engine);
      assertEquals(end.getExtraInfo("alpnProtocol"), "x/1");
      assertEquals(end.getExtraInfo("authorized"), true);
      assertEquals(end.getExtraInfo("authorizationError"), null);
      assert(end.getExtraInfo("sslObject") !== null);
      assertEquals(end.getExtraInfo("tlsVersion"), engine === "native" ? null : "TLSv1.3");
    }
    assertEquals(transport.getExtraInfo("serverName"), "localhost");
    const peercert = transport.getExtraInfo("peercert");
    if (engine === "layer") {
      assertEquals(peercert?.subject, { CN: "localhost" });
      assert((peercert?.validTo.getTime() ?? 0) > Date.now());
      assertEquals(transport.getExtraInfo("cipher")?.version, "TLSv1.3");
      assertEquals(accepted.getExtraInfo("serverName"), "localhost");
    } else assertEquals(peercert, null);
    transport.close();
    await Promise.all([transport.closed, accepted.closed]);
  });

  Deno.test(`The end of data without close_notify is a TruncationError (${engine})`, async () => {
    const lost = Promise.withResolvers<Error | null>();
    await using server = await createServer(() => ({ connectionLost: lost.resolve }), {
      port: 0,
      tls: { ...localhost, engine },
    });
    const sent = Promise.withResolvers<void>();
    const { transport } = await createConnection(() => ({ resumeWriting: sent.resolve }), {
      port: server.port,
      tls: { ...trusting, engine: "layer" },
      writeBufferLimits: { high: 0 },
    });
    transport.write("a part");
    await sent.promise;
    transport.abort();
    assertInstanceOf(await lost.promise, TruncationError);
  });

  Deno.test(`close() waits for a silent peer no longer than shutdownTimeout (${engine})`, async () => {
    const [a, b, end] = await tlsPair(engine, "layer", { shutdownTimeout: 50 })(
      () => ({}),
      () => KEEP_OPEN,
      {},
    );
    a.transport.close();
    const { endedBy, error } = await a.transport.closed;
    assertEquals([endedBy, error], ["local", null]);
    b.transport.abort();
    await end?.();
  });
}

Deno.test("The engine is native where that is possible, and only there", async () => {
  const engineOf = async (tls: TlsOptions, server: TlsOptions): Promise<string | null> => {
    await using peer = await echoServer({ ...localhost, ...server });
    const { transport } = await createConnection(() => ({}), {
      port: peer.server.port,
      tls: { ...trusting, ...tls },
    });
    transport.close();
    await transport.closed;
    return transport.getExtraInfo("tlsEngine");
  };
  assertEquals(await engineOf({}, {}), "native");
  assertEquals(await engineOf({ engine: "layer" }, {}), "layer");
  assertEquals(await engineOf(client, { requestCert: true, caCerts: [ca] }), "layer");
  assertEquals(await engineOf({ minVersion: "TLSv1.3" }, {}), "layer");
  assertEquals(await engineOf({ rejectUnauthorized: false }, {}), "layer");
});

Deno.test("A server gets the native engine only where it does not ask for noDelay", async () => {
  const engineOf = async (options: SocketOptions, tls: TlsOptions = {}) => {
    const made = Promise.withResolvers<Transport>();
    await using server = await createServer(() => ({ connectionMade: made.resolve }), {
      port: 0,
      tls: { ...localhost, ...tls },
      ...options,
    });
    const { transport } = await createConnection(() => ({}), { port: server.port, tls: trusting });
    const engine = (await made.promise).getExtraInfo("tlsEngine");
    transport.close();
    await transport.closed;
    return engine;
  };
  assertEquals(await engineOf({}), "layer");
  assertEquals(await engineOf({ noDelay: true }), "layer");
  assertEquals(await engineOf({ noDelay: false }), "native");
  assertEquals(await engineOf({ noDelay: false, keepAlive: true }), "layer");
  assertEquals(await engineOf({}, { engine: "native" }), "native");
  const insist = (options: SocketOptions) => engineOf(options, { engine: "native" });
  await assertRejects(() => insist({ noDelay: true }), TypeError, "does not know noDelay");
  await assertRejects(() => insist({ keepAlive: true }), TypeError, "does not know keepAlive");
});

for (const engine of ENGINES) {
  Deno.test(`caCerts are trusted besides those of Deno, without --allow-sys (${engine})`, async () => {
    await using peer = await echoServer(localhost);
    const program = `
      import { openConnection } from "${new URL("../../../mod.ts", import.meta.url)}";
      const tls = { caCerts: [Deno.args[1]], serverName: "localhost", engine: "${engine}" };
      await using connection = await openConnection({ port: Number(Deno.args[0]), tls });
      console.log(connection.writer.getExtraInfo("authorized"));
    `;
    // Deno trusts the file that --cert names by default.
    const trusted = ["--cert", pathOf("ca.crt"), "--allow-net", "--no-lock", "--ext=ts"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...trusted, "-", String(peer.server.port), stranger],
      cwd: new URL("../../../", import.meta.url),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(program));
    await stdin.close();
    const { stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([text(stdout), text(stderr)], ["true\n", ""]);
  });
}

Deno.test("Invalid TLS options throw before anything is opened", async () => {
  const connect = (tls: TlsOptions | true) => createConnection(() => ({}), { port: 1, tls });
  await assertRejects(() => connect({ cert: "a" }), TypeError, "cert is given alone");
  await assertRejects(() => connect({ handshakeTimeout: 0 }), RangeError, "handshakeTimeout");
  await assertRejects(() => connect({ shutdownTimeout: -1 }), RangeError, "shutdownTimeout");
  await assertRejects(() => connect({ ...client, engine: "native" }), TypeError, "certificate");
  await assertRejects(
    () => connect({ minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }),
    RangeError,
    "minVersion",
  );
  await assertRejects(
    () => createServer(() => ({}), { port: 0, tls: true }),
    TypeError,
    "cert and key",
  );
  await assertRejects(
    () => createServer(() => ({}), { port: 0, tls: { certificates: [] } }),
    TypeError,
    "empty",
  );
  assertThrows(() => tlsLayer({}), TypeError, "serverName");
});

Deno.test("A server requests a client certificate and tells its subject", async () => {
  const made = Promise.withResolvers<Transport>();
  await using server = await createServer(() => ({ connectionMade: made.resolve }), {
    port: 0,
    tls: { ...localhost, requestCert: true, caCerts: [ca] },
  });
  const { transport } = await createConnection(() => ({}), {
    port: server.port,
    tls: { ...trusting, ...client },
  });
  const accepted = await made.promise;
  assertEquals(accepted.getExtraInfo("peercert")?.subject, { CN: "Ada Lovelace" });
  assertEquals(accepted.getExtraInfo("authorized"), true);
  transport.close();
  await accepted.closed;
});

Deno.test("rejectUnauthorized: false accepts a peer and tells why it is not authorized", async () => {
  const made = Promise.withResolvers<Transport>();
  await using server = await createServer(() => ({ connectionMade: made.resolve }), {
    port: 0,
    tls: { ...localhost, requestCert: true, rejectUnauthorized: false },
  });
  const { transport } = await createConnection(() => ({}), {
    port: server.port,
    tls: { serverName: "elsewhere.example", rejectUnauthorized: false },
  });
  for (const end of [transport, await made.promise]) {
    assertEquals(end.getExtraInfo("authorized"), false);
    assertEquals(typeof end.getExtraInfo("authorizationError"), "string");
  }
  transport.close();
  await transport.closed;
});

Deno.test("A server sends the certificate for the requested name", async () => {
  await using peer = await echoServer({ certificates: [localhost, other] });
  const { port } = peer.server;
  for (const serverName of ["localhost", "other.example", "a.other.example", "127.0.0.1"]) {
    assertEquals(await hello({ port, tls: { ...trusting, serverName } }), "hello", serverName);
  }
});

Deno.test("sniCallback is asked in each handshake: certificates change without a restart", async () => {
  let shown: TlsCertificate | null = null;
  const asked: (string | null)[] = [];
  await using peer = await echoServer({
    sniCallback: async (name) => {
      asked.push(name);
      await turn();
      return shown;
    },
    alpnProtocols: ["x"],
  });
  const { port } = peer.server;
  const attempt = (serverName: string) =>
    hello({ port, tls: { ...trusting, serverName, alpnProtocols: ["x"] } });
  shown = localhost;
  assertEquals(await attempt("localhost"), "hello");
  shown = other;
  assertEquals(await attempt("other.example"), "hello");
  await assertRejects(() => attempt("127.0.0.1"), TlsHandshakeError);
  shown = null;
  await assertRejects(() => attempt("localhost"), TlsHandshakeError);
  assertEquals(asked, ["localhost", "other.example", null, "localhost"]);
});

Deno.test("A record that does not decrypt is a TlsProtocolError", async () => {
  const lost = Promise.withResolvers<Error | null>();
  let spoil = false;
  const there = new TransformStream<Bytes, Bytes>({
    transform(chunk, controller): void {
      const spoiled = chunk.slice();
      if (spoil) spoiled[spoiled.length - 1] = (spoiled.at(-1) ?? 0) ^ 1;
      controller.enqueue(spoiled);
    },
  });
  const back = new TransformStream<Bytes, Bytes>();
  const [a] = await Promise.all([
    connectStreams(() => ({}), { readable: back.readable, writable: there.writable }, {
      tls: trusting,
    }),
    connectStreams(
      () => ({ connectionLost: lost.resolve }),
      { readable: there.readable, writable: back.writable },
      { tls: { ...localhost, serverSide: true } },
    ),
  ]);
  spoil = true;
  a.transport.write("to be spoiled");
  assertInstanceOf(await lost.promise, TlsProtocolError);
  await a.transport.closed;
});

Deno.test("close() fails with ShutdownTimeoutError if what is left cannot be sent in time", async () => {
  let stuck = false;
  const there = new TransformStream<Bytes, Bytes>();
  const back = new TransformStream<Bytes, Bytes>();
  const writer = there.writable.getWriter();
  const gate = new WritableStream<Bytes>({
    write: (chunk) => stuck ? new Promise<void>(() => {}) : writer.write(chunk),
  });
  const [a, b] = await Promise.all([
    connectStreams(() => ({}), { readable: back.readable, writable: gate }, {
      tls: { ...trusting, shutdownTimeout: 50 },
    }),
    connectStreams(() => ({}), { readable: there.readable, writable: back.writable }, {
      tls: { ...localhost, serverSide: true },
    }),
  ]);
  stuck = true;
  a.transport.close();
  const { error } = await a.transport.closed;
  assertInstanceOf(error, ShutdownTimeoutError);
  assert(error.unsent > 0);
  b.transport.abort();
  await b.transport.closed;
});

Deno.test("startTls() takes bytes that were received into the handshake", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  const later = new RecordingProtocol();
  const starting = startTls(a.transport, a.protocol, trusting);
  await b.protocol.until("dataReceived");
  const top = await startTls(b.transport, later, {
    ...localhost,
    serverSide: true,
    unread: b.protocol.received,
  });
  const encrypted = await starting;
  encrypted.write("secret");
  await later.untilReceived(6);
  assertEquals(later.receivedText, "secret");
  assertEquals(later.count("connectionMade"), 0);
  encrypted.close();
  await Promise.all([encrypted.closed, top.closed]);
  assertEquals(later.order, ["dataReceived", "eofReceived", "connectionLost"]);
});

Deno.test("startTls() gives its transport before the first byte that was decrypted", async () => {
  const seen = Promise.withResolvers<Transport | null>();
  let secured: Transport | null = null;
  const receiver = { dataReceived: () => seen.resolve(secured) };
  const [a, b] = await memoryTransportPair(() => ({}), () => receiver);
  const [top] = await Promise.all([
    startTls(a.transport, {}, trusting).then((made) => (made.write("at once"), made)),
    startTls(b.transport, receiver, { ...localhost, serverSide: true })
      .then((made) => secured = made),
  ]);
  assertEquals(await seen.promise, secured);
  top.close();
  await Promise.all([a.transport.closed, b.transport.closed]);
});

Deno.test("startTls() with strict refuses bytes that came before, and tells both protocols", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => new RecordingProtocol());
  a.transport.write("EHLO injected\r\n");
  await b.protocol.until("dataReceived");
  const unread = b.protocol.received;
  const options = { ...localhost, serverSide: true, strict: true, unread };
  await assertRejects(
    () => startTls(b.transport, b.protocol, options),
    PlaintextInjectionError,
    "15 bytes",
  );
  assertInstanceOf(b.protocol.error, PlaintextInjectionError);
  await a.transport.closed;
});

Deno.test("startTls() over TLS and in TLS works, and refuses a closed connection", async () => {
  const [a, b, end] = await tlsMemoryPair(() => ({}), () => ({}), {});
  const inner = new RecordingProtocol();
  const [top] = await Promise.all([
    startTls(a.transport, {}, trusting),
    startTls(b.transport, inner, { ...localhost, serverSide: true }),
  ]);
  top.write(new Uint8Array(300_000));
  await inner.untilReceived(300_000);
  top.close();
  await top.closed;
  await assertRejects(() => startTls(top, {}, trusting), ConnectionLostError);
  await end?.();
});
