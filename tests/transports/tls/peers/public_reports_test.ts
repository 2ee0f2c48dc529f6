import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { turns } from "../../../../testing/conformance/scene.ts";
import { openConnection } from "../../../../streams/open_connection.ts";
import { startServer } from "../../../../streams/servers/start_server.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import {
  CertificateMaker,
  LEAF,
  LOCALHOST,
} from "../../../support/certificates/certificate_maker.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";
import { decode } from "../../../support/text.ts";
import { echoServer, hello } from "../attempt.ts";
import { ca, localhost, pathOf, trusting } from "../../../support/certificates/certificates.ts";

/**
 * Situations in which other systems failed, by their public reports. Each is named before its test.
 */
const ENGINES = ["native", "layer"] as const;
const CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];

for (const engine of ENGINES) {
  // netty/netty-tcnative#400
  Deno.test(`A server name with a dot at its end is sent without it, and verified (${engine})`, async () => {
    const asked: (string | null)[] = [];
    await using peer = await echoServer({
      sniCallback: (name) => {
        asked.push(name);
        return localhost;
      },
    });
    const tls = { ...trusting, serverName: "localhost.", engine };
    assertEquals(await hello({ port: peer.server.port, tls }), "hello");
    assertEquals(asked, ["localhost"]);
  });

  // nodejs/node#64144, wolfSSL/wolfssl#9351, Mbed-TLS/mbedtls#3498
  testWith("openssl", `Addresses match addresses only, in every form (${engine})`, async () => {
    using maker = new CertificateMaker();
    maker.authority("ca");
    const tries: [string, string, boolean][] = [
      ["IP:2001:db8::1", "2001:0DB8:0:0::1", true],
      ["IP:::ffff:192.0.2.1", "::ffff:192.0.2.1", true],
      ["DNS:2001:db8::1", "2001:db8::1", false],
      // The bytes of this address are the letters of the name.
      ["IP:97.46.112.108", "a.pl", false],
    ];
    for (const [index, [name, serverName, isGood]] of tries.entries()) {
      const names = ["[names]", name.replace(":", ".1=")];
      const extensions = [LEAF, "subjectAltName=@names", ...names];
      await using peer = await echoServer(maker.signed(`leaf${index}`, "ca", { extensions }));
      const tls = { serverName, engine, caCerts: [maker.read("ca.crt")] };
      const attempt = () => hello({ port: peer.server.port, tls });
      if (isGood) assertEquals(await attempt(), "hello", name);
      else await assertRejects(attempt, TlsHandshakeError, "", name);
    }
  });

  // aws/s2n-tls#598
  Deno.test(`A server answers after the client has ended its direction (${engine})`, async () => {
    await using server = await startServer(async ({ reader, writer }) => {
      const request = await reader.read();
      await turns();
      writer.write(request);
      writer.write(new Uint8Array(200_000));
    }, { port: 0, tls: { ...localhost, engine } });
    const { reader, writer, closed } = await openConnection({
      port: server.port,
      tls: { ...trusting, engine },
    });
    writer.write("request");
    writer.writeEof();
    assertEquals((await reader.read()).length, 200_007);
    writer.close();
    assertEquals((await closed).error, null);
  });

  // python/cpython#89322
  Deno.test(`No data is delivered once reading is paused (${engine})`, async () => {
    let transport: Transport | undefined;
    let received = 0;
    const protocol = new RecordingProtocol({
      connectionMade: (made) => void (transport = made),
      dataReceived: (chunk) => {
        received += chunk.length;
        transport?.pauseReading();
      },
    });
    await using server = await createServer(() => protocol, {
      port: 0,
      tls: { ...localhost, engine },
    });
    const { transport: client } = await createConnection(() => ({}), {
      port: server.port,
      tls: { ...trusting, engine },
    });
    for (let i = 0; i < 50; i++) client.write(new Uint8Array(20_000));
    await protocol.until("dataReceived");
    const before = received;
    await turns(50);
    assertEquals(received, before);
    assertEquals(protocol.count("dataReceived"), 1);
    while (received < 1_000_000) {
      const count = protocol.count("dataReceived");
      transport?.resumeReading();
      while (protocol.count("dataReceived") === count) await turns(1);
    }
    client.close();
    transport?.resumeReading();
    await client.closed;
  });

  // python/asyncio#472
  Deno.test(`A client learns at once that its peer has read four bytes and left (${engine})`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      const conn = await listener.accept();
      await conn.read(new Uint8Array(4));
      conn.close();
    })();
    const tls = { ...trusting, engine };
    const error = await assertRejects(() =>
      createConnection(() => ({}), { port: listener.addr.port, tls })
    );
    assertInstanceOf(error, TlsHandshakeError);
    assertEquals(error.reason, "ended");
    await serving;
  });

  // aio-libs/aiohttp#3535
  Deno.test(`close() ends cleanly although the peer keeps sending (${engine})`, async () => {
    let peer: Transport | undefined;
    await using server = await createServer(() => ({
      connectionMade: (made) => void (peer = made),
      eofReceived: () => {
        // The client has said that it is done; this was on its way.
        peer?.write(new Uint8Array(300_000));
        peer?.close();
        return true;
      },
    }), { port: 0, tls: { ...localhost, engine } });
    const { transport } = await createConnection(() => ({}), {
      port: server.port,
      tls: { ...trusting, engine },
    });
    transport.close();
    assertEquals((await transport.closed).error, null);
    assertEquals((await peer?.closed)?.error, null);
  });
}

/**
 * Splits the client's first message into records of one byte each, all in one packet or one each.
 */
const FRAGMENTING = `
import socket, ssl, sys
port, ca, apart = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "apart"
plain = socket.create_connection(("127.0.0.1", port))
plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
secured = ssl.create_default_context(cafile=ca).wrap_bio(received, sent, server_hostname="localhost")
def send(data):
    if apart:
        for at in range(len(data)): plain.sendall(data[at:at + 1])
    else: plain.sendall(data)
try: secured.do_handshake()
except ssl.SSLWantReadError: pass
hello = sent.read()[5:]
send(b"".join(b"\\x16\\x03\\x01\\x00\\x01" + hello[at:at + 1] for at in range(len(hello))))
while True:
    try:
        secured.do_handshake()
        break
    except ssl.SSLWantReadError:
        plain.sendall(sent.read())
        received.write(plain.recv(65536))
secured.write(b"hello")
plain.sendall(sent.read())
answer = b""
while len(answer) < 5:
    try: answer += secured.read(100)
    except ssl.SSLWantReadError: received.write(plain.recv(65536))
print(answer.decode())
`;

for (const engine of ENGINES) {
  // wolfSSL/wolfssl#8754, Mbed-TLS/mbedtls#9269
  testWith(
    "python3",
    `A first message in records of one byte is put together (${engine})`,
    async () => {
      await using peer = await echoServer({ ...localhost, engine });
      for (const how of ["together", "apart"]) {
        const args = ["-c", FRAGMENTING, String(peer.server.port), pathOf("ca.crt"), how];
        assertEquals(await outputOf("python3", args), "hello\n");
      }
      assertEquals(peer.reported, []);
    },
  );
}

// python/cpython#142352, MagicStack/uvloop#707
testWith(
  "python3",
  "startTls() takes the handshake that came together with the line before it",
  async () => {
    await using server = await startServer(async (connection) => {
      const header = await connection.reader.readline();
      await connection.startTls(localhost);
      connection.writer.write(header);
      await connection.writer.drain();
      connection.writer.write(await connection.reader.readline());
    }, { port: 0 });
    const program = `
import socket, ssl, sys
plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
secured = ssl.create_default_context(cafile=sys.argv[2]).wrap_bio(received, sent, server_hostname="localhost")
first = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\\r\\n"
def finish(step):
    global first
    while True:
        try: return step()
        except ssl.SSLWantReadError:
            plain.sendall(first + sent.read())
            first = b""
            received.write(plain.recv(65536))
finish(secured.do_handshake)
secured.write(b"line\\n")
plain.sendall(sent.read())
answer = b""
while not answer.endswith(b"line\\n"): answer += finish(lambda: secured.read(100))
print(answer.decode().split("\\r\\n"))
`;
    const printed = await outputOf("python3", [
      "-c",
      program,
      String(server.port),
      pathOf("ca.crt"),
    ]);
    assertEquals(printed, "['PROXY TCP4 192.0.2.1 192.0.2.2 1 2', 'line\\n']\n");
  },
);

// mitmproxy/mitmproxy#3937, EVerest/EVerest#2848
testWith(
  "openssl",
  "A client sends the certificates between its own and the authority's",
  async () => {
    using maker = new CertificateMaker();
    maker.authority("root");
    maker.signed("middle", "root", { subject: "/CN=middle", extensions: CA });
    const own = maker.signed("own", "middle", { extensions: [LEAF, LOCALHOST] });
    const root = maker.read("root.crt");
    const authorized: (boolean | null)[] = [];
    await using server = await startServer(async ({ reader, writer }) => {
      authorized.push(writer.getExtraInfo("authorized"));
      writer.write(await reader.readline());
    }, { port: 0, tls: { ...localhost, requestCert: true, caCerts: [root] } });
    const chained = { ...own, cert: own.cert + maker.read("middle.crt") };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const tls = { ...trusting, ...chained, maxVersion };
      await using connection = await openConnection({ port: server.port, tls });
      connection.writer.write("in\n");
      assertEquals(decode(await connection.reader.readline()), "in\n");
    }
    assertEquals(authorized, [true, true]);
  },
);

// openssl/openssl#2708, rustls/rustls#305
Deno.test("Application protocols that only one end names do not fail the handshake", async () => {
  for (const engine of ENGINES) {
    await using plain = await echoServer({ ...localhost, engine });
    await using naming = await echoServer({ ...localhost, engine, alpnProtocols: ["x"] });
    const caCerts = [ca];
    const options = { serverName: "localhost", caCerts, engine };
    const asking = { ...options, alpnProtocols: ["y"] };
    assertEquals(await hello({ port: plain.server.port, tls: asking }), "hello");
    assertEquals(await hello({ port: naming.server.port, tls: options }), "hello");
    assert(
      await assertRejects(() => hello({ port: naming.server.port, tls: asking })) instanceof
        TlsHandshakeError,
    );
  }
});
