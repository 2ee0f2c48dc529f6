import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { HandshakeTimeoutError, TlsHandshakeError } from "../../../../protocols/errors.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { withNetwork } from "../../../../transports/networks/with_network.ts";
import { transformLayer } from "../../../../transports/stack/transform_layer.ts";
import { echoServer, hello } from "../attempt.ts";
import { CountedAccepts } from "../../../support/doubles/counted_accepts.ts";
import { localhost, stranger, trusting } from "../../../support/certificates/certificates.ts";

const ENGINES = ["native", "layer"] as const;
const GARBAGE = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
/** The start of a record of a handshake whose rest never comes. */
const HALF_HELLO = new Uint8Array([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]);

for (const engine of ENGINES) {
  Deno.test(`TLS server survives garbage in the first bytes (${engine})`, async () => {
    await using peer = await echoServer({ ...localhost, engine });
    const { port } = peer.server;
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(GARBAGE);
    await peer.untilReported(1);
    const [error] = peer.reported;
    assertInstanceOf(error, TlsHandshakeError);
    assertEquals(error.reason, "notTls");
    assertEquals(await hello({ port, tls: trusting }), "hello");
    assertEquals(peer.reported.length, 1);
  });

  Deno.test(`TLS server reports a client that leaves in mid-handshake (${engine})`, async () => {
    await using peer = await echoServer({ ...localhost, engine });
    const { port } = peer.server;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(HALF_HELLO);
    conn.close();
    await peer.untilReported(1);
    const [error] = peer.reported;
    assertInstanceOf(error, TlsHandshakeError);
    assertEquals(error.reason, "ended");
  });

  Deno.test(`TLS server closes a client that sends nothing (${engine})`, async () => {
    await using peer = await echoServer({ ...localhost, engine, handshakeTimeout: 60 });
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: peer.server.port });
    await peer.untilReported(1);
    const [error] = peer.reported;
    assertInstanceOf(error, HandshakeTimeoutError);
    // Deno keeps the socket of its own TLS until the client moves; see "What the native engine
    // cannot do" in docs/tls.md.
    if (engine === "layer") assertEquals(await conn.read(new Uint8Array(1)), null);
    assertEquals(peer.server.connections.size, 0);
    assertEquals(error.timeoutMs, 60);
    assertEquals(error.local, `127.0.0.1:${peer.server.port}`);
  });

  Deno.test(`TLS client closes a server that sends nothing (${engine})`, async () => {
    await using silent = await createServer(() => ({}), { port: 0 });
    const options = { port: silent.port, tls: { ...trusting, engine, handshakeTimeout: 60 } };
    const error = await assertRejects(() => createConnection(() => ({}), options));
    assertInstanceOf(error, HandshakeTimeoutError);
    await silent.shutdown({ grace: 0 });
  });

  Deno.test(`TLS client refuses a server that speaks something else (${engine})`, async () => {
    await using plain = await createServer(
      () => ({ connectionMade: (transport) => void transport.write("220 ready\r\n") }),
      { port: 0 },
    );
    const options = { port: plain.port, tls: { ...trusting, engine } };
    const error = await assertRejects(() => createConnection(() => ({}), options));
    assertInstanceOf(error, TlsHandshakeError);
    assertEquals(error.reason, "notTls");
  });

  Deno.test(`An abort of the signal ends a TLS handshake (${engine})`, async () => {
    const accepted = Promise.withResolvers<void>();
    await using silent = await createServer(
      () => ({ dataReceived: () => accepted.resolve() }),
      { port: 0 },
    );
    const cancel = new AbortController();
    const { signal } = cancel;
    const options = { port: silent.port, tls: { ...trusting, engine }, signal };
    const connecting = assertRejects(() => createConnection(() => ({}), options));
    await accepted.promise;
    const reason = new Error("No longer wanted");
    cancel.abort(reason);
    assertEquals(await connecting, reason);
    await silent.shutdown({ grace: 0 });
  });

  Deno.test(`200 clients that never finish do not keep others waiting (${engine})`, async () => {
    // Were the others served only after the stuck ones, this test would not end.
    await using peer = await echoServer({ ...localhost, engine, handshakeTimeout: 3_600_000 });
    const { port } = peer.server;
    const stuck = await Promise.all(
      Array.from({ length: 200 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    const bytes = [new Uint8Array(0), HALF_HELLO, GARBAGE];
    await Promise.all(stuck.map((conn, i) => conn.write(bytes[i % 3] ?? HALF_HELLO)));
    for (let i = 0; i < 5; i++) assertEquals(await hello({ port, tls: trusting }), "hello");
    for (const conn of stuck) conn.close();
    await peer.untilReported(200);
    assertEquals(peer.reported.length, 200);
    assert(peer.reported.every((error) => error instanceof TlsHandshakeError));
  });

  Deno.test(`server.shutdown() ends handshakes that are under way (${engine})`, async () => {
    const accepts = new CountedAccepts();
    const peer = await withNetwork(accepts.network, () => echoServer({ ...localhost, engine }));
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: peer.server.port });
    await conn.write(HALF_HELLO);
    await accepts.until(1);
    assertEquals((await peer.server.shutdown({ grace: 0 })).aborted, 1);
    await peer.untilReported(1);
  });

  Deno.test(`A handshake that fails below a layer is not waited for (${engine})`, async () => {
    await using peer = await echoServer({ ...localhost, engine: "layer" });
    const copy = (chunk: Uint8Array<ArrayBuffer>) => chunk;
    await assertRejects(() =>
      createConnection(() => ({}), {
        port: peer.server.port,
        tls: { ...trusting, caCerts: [stranger], engine },
        layers: [transformLayer(() => ({ encode: copy, decode: copy }))],
      }), TlsHandshakeError);
    await peer.untilReported(1);
  });
}
