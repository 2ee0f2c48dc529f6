import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import {
  checkServerName,
  ipOf,
  isFor,
} from "../../../../transports/tls/certificates/server_identity.ts";
import { CertificateMaker, LEAF } from "../../../support/certificates/certificate_maker.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { echoServer, hello } from "../attempt.ts";
import { localhost, trusting } from "../../../support/certificates/certificates.ts";

const SERVER = "extendedKeyUsage=serverAuth";

/** Certificates, what they are asked for, and whether they are for that. */
const CASES: readonly (readonly [subject: string, names: readonly string[], string, boolean])[] = [
  ["/CN=w", ["subjectAltName=DNS:localhost"], "localhost", true],
  ["/CN=w", ["subjectAltName=DNS:LocalHost"], "LOCALHOST", true],
  ["/CN=w", ["subjectAltName=DNS:*.example.test"], "a.example.test", true],
  ["/CN=w", ["subjectAltName=DNS:*.example.test"], "a.b.example.test", false],
  ["/CN=w", ["subjectAltName=DNS:*.example.test"], "example.test", false],
  ["/CN=w", ["subjectAltName=DNS:*.test"], "a.test", false],
  ["/CN=w", ["subjectAltName=DNS:f*o.example.test"], "foo.example.test", false],
  ["/CN=w", ["subjectAltName=DNS:*oo.example.test"], "foo.example.test", false],
  ["/CN=w", ["subjectAltName=DNS:a.*.example.test"], "a.b.example.test", false],
  ["/CN=w", ["subjectAltName=IP:127.0.0.1"], "127.0.0.1", true],
  ["/CN=w", ["subjectAltName=IP:::1"], "::1", true],
  ["/CN=w", ["subjectAltName=DNS:127.0.0.1"], "127.0.0.1", false],
  ["/CN=w", ["subjectAltName=IP:127.0.0.1"], "localhost", false],
  ["/CN=localhost", [], "localhost", false],
  ["/CN=localhost", ["subjectAltName=IP:192.0.2.1"], "localhost", false],
  ["/CN=x.test/CN=localhost", [], "localhost", false],
  [
    "/CN=w",
    ["subjectAltName=email:localhost@localhost,URI:https://localhost/"],
    "localhost",
    false,
  ],
];

testWith("openssl", "Both engines verify the names of a certificate alike", async () => {
  using maker = new CertificateMaker();
  maker.authority("ca");
  for (const [index, [subject, names, asked, isGood]] of CASES.entries()) {
    const extensions = [LEAF, SERVER, ...names];
    await using peer = await echoServer(
      maker.signed(`leaf${index}`, "ca", { subject, extensions }),
    );
    const { port } = peer.server;
    for (const engine of ["native", "layer"] as const) {
      const tls = { serverName: asked, caCerts: [maker.read("ca.crt")], engine };
      const what = `${subject} ${names} asked as ${asked} (${engine})`;
      if (isGood) assertEquals(await hello({ port, tls }), "hello", what);
      else {
        const error = await assertRejects(() => createConnection(() => ({}), { port, tls }), what);
        assertInstanceOf(error, TlsHandshakeError);
        assertEquals(error.reason, "name", what);
      }
    }
  }
});

testWith("openssl", "A name that contains another name matches as a whole", async () => {
  using maker = new CertificateMaker();
  maker.authority("ca");
  const trick = "\\, DNS:localhost";
  const values = {
    dns: `DNS.1=x.test${trick}`,
    uri: `URI.1=http://x/${trick}`,
    email: `email.1=a@x${trick}`,
  };
  for (const [kind, value] of Object.entries(values)) {
    const extensions = [LEAF, SERVER, "subjectAltName=@names", "[names]", value];
    await using peer = await echoServer(maker.signed(kind, "ca", { extensions }));
    const { port } = peer.server;
    const caCerts = [maker.read("ca.crt")];
    for (const engine of ["native", "layer"] as const) {
      await assertRejects(
        () => createConnection(() => ({}), { port, tls: { ...trusting, caCerts, engine } }),
        TlsHandshakeError,
      );
    }
    const lenient = { serverName: "localhost", rejectUnauthorized: false };
    const { transport } = await createConnection(() => ({}), { port, tls: lenient });
    const names = transport.getExtraInfo("peercert")?.subjectAltName ?? [];
    assertEquals(names.map(({ type }) => type), [kind]);
    assertEquals(names[0]?.value.endsWith(", DNS:localhost"), true);
    transport.close();
    await transport.closed;
  }
});

testWith(
  "openssl",
  "A client accepts a server whose own certificate is in caCerts, with every engine",
  async () => {
    using maker = new CertificateMaker();
    maker.authority("localhost", ["-addext", "subjectAltName=DNS:localhost"]);
    await using peer = await echoServer(maker.pair("localhost"));
    const { port } = peer.server;
    const caCerts = [maker.read("localhost.crt")];
    for (const engine of [{}, { engine: "native" }, { engine: "layer" }] as const) {
      assertEquals(
        await hello({ port, tls: { serverName: "localhost", caCerts, ...engine } }),
        "hello",
      );
    }
    const elsewhere = { serverName: "elsewhere.example", caCerts };
    await assertRejects(() => hello({ port, tls: elsewhere }), TlsHandshakeError);
  },
);

Deno.test("isFor() compares whole names, and addresses by their bytes", () => {
  const names = [{ type: "dns", value: "a.test, DNS:b.test" }, {
    type: "ip",
    value: "::1",
  }] as const;
  assertEquals(isFor(names, "b.test"), false);
  assertEquals(isFor(names, "0:0:0:0:0:0:0:1"), true);
  assertEquals(isFor(names, "[::1]"), true);
  assertEquals(isFor([{ type: "dns", value: "a.test" }], "a.test."), true);
  assertEquals(isFor([{ type: "uri", value: "a.test" }], "a.test"), false);
});

Deno.test("ipOf() reads addresses and nothing else", () => {
  assertEquals(ipOf("127.0.0.1"), "127.0.0.1");
  assertEquals(ipOf("fe80::1%eth0"), "fe80::1");
  assertEquals(ipOf("::FFFF:127.0.0.1"), "::ffff:7f00:1");
  for (const other of ["127.1", "1.2.3.256", "01.2.3.4", "a:b", "localhost", ""]) {
    assertEquals(ipOf(other), null, other);
  }
});

Deno.test("checkServerName() refuses an invalid name before anything is opened", async () => {
  for (const name of ["localhost", "a-b.example.", "_sip._tcp.example", "xn--mnchen-3ya.example"]) {
    assertEquals(checkServerName(name, "serverName"), name);
  }
  assertEquals(checkServerName("[::1]", "hostname"), "::1");
  assertThrows(() => checkServerName("[::1]", "serverName"), TypeError, 'write "::1"');
  assertThrows(() => checkServerName("münchen.example", "x"), TypeError, "xn--mnchen-3ya.example");
  const long = `${"a".repeat(64)}.example`;
  for (const serverName of ["a..b", ".example", "127.1", "a b", "-a.example", "a-.example", long]) {
    await assertRejects(
      () => createConnection(() => ({}), { port: 1, tls: { serverName } }),
      TypeError,
      `serverName "${serverName}"`,
    );
  }
});

Deno.test("A hostname in brackets works with TLS", async () => {
  await using peer = await echoServer(localhost);
  const { port } = peer.server;
  // The server listens on IPv4 only: what counts is how far the client comes.
  const error = await assertRejects(() =>
    createConnection(() => ({}), { hostname: "[::1]", port, tls: true })
  );
  assertEquals(error instanceof TypeError, false);
});
