import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { NameResolutionError, TlsHandshakeError } from "../../../../protocols/errors.ts";
import { connectAcceptedSocket } from "../../../../transports/connect_accepted_socket.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import { startTls } from "../../../../transports/tls/start_tls.ts";
import { tlsLayer } from "../../../../transports/tls/tls_layer.ts";
import type { TlsCertificate } from "../../../../transports/tls/tls_certificate.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import { CertificateMaker } from "../../../support/certificates/certificate_maker.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { echoServer } from "../attempt.ts";
import {
  ca,
  client,
  localhost,
  other,
  pathOf,
  trusting,
} from "../../../support/certificates/certificates.ts";

const RSA = (bits: number) => ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];

/** Makes what cannot work, and says what the error has to name. */
function unusable(maker: CertificateMaker): Record<string, [TlsCertificate, string]> {
  maker.authority("ca");
  const ec = maker.signed("ec", "ca");
  const rsa = maker.signed("rsa", "ca", { key: RSA(2048) });
  const output = ["-aes256", "-passout", "pass:secret", "-out"];
  maker.openssl("pkey", "-in", "ec.key", ...output, "encrypted.key");
  maker.openssl("pkey", "-in", "rsa.key", "-traditional", ...output, "old_encrypted.key");
  maker.openssl("x509", "-in", "ec.crt", "-outform", "DER", "-out", "ec.der");
  const der = new TextDecoder("latin1").decode(Deno.readFileSync(maker.pathOf("ec.der")));
  const damaged = ec.cert.replace(/MII./, "MIIA");
  return {
    "a key of another certificate": [{ cert: ec.cert, key: rsa.key }, "is for another key than"],
    "an encrypted key": [{ ...ec, key: maker.read("encrypted.key") }, "openssl pkey"],
    "a key encrypted in the old way": [
      { ...rsa, key: maker.read("old_encrypted.key") },
      "is encrypted",
    ],
    "DER": [{ ...ec, cert: der }, "openssl x509 -inform DER"],
    "DER read as UTF-8": [
      { ...ec, cert: Deno.readTextFileSync(maker.pathOf("ec.der")) },
      "is not PEM but DER",
    ],
    "exchanged": [{ cert: ec.key, key: ec.cert }, "seem to be exchanged"],
    "no PEM": [{ cert: "no certificate", key: "no key" }, "is not a certificate in PEM"],
    "a path": [{ cert: maker.pathOf("ec.crt"), key: ec.key }, "Deno.readTextFile"],
    "empty": [{ cert: "", key: ec.key }, "cert is empty"],
    "damaged": [{ cert: damaged, key: ec.key }, "certificate 1 of 1 is damaged"],
    "cut off": [{ cert: ec.cert.slice(0, 200), key: ec.key }, "cut off"],
    "the authority's certificate first": [
      { cert: maker.read("ca.crt") + ec.cert, key: ec.key },
      "put the own one",
    ],
    "a request": [{ cert: maker.read("ec.csr"), key: ec.key }, "CERTIFICATE REQUEST"],
    "a short RSA key": [maker.signed("short", "ca", { key: RSA(1024) }), "rsa of 1024 bits"],
    "RSA-PSS": [
      maker.signed("pss", "ca", { key: ["-algorithm", "RSA-PSS", ...RSA(2048).slice(2)] }),
      "rsa-pss",
    ],
    "a curve that browsers do not know": [
      maker.signed("k1", "ca", {
        key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
      }),
      "secp256k1",
    ],
  };
}

testWith(
  "openssl",
  "Invalid certificates and keys are reported when the server is created",
  async () => {
    using maker = new CertificateMaker();
    for (const [what, [pair, expected]] of Object.entries(unusable(maker))) {
      const forms: [TlsOptions, string][] = [
        [pair, "Cannot use TLS: "],
        [{ ...pair, engine: "native" }, "Cannot use TLS: "],
        [{ certificates: [localhost, pair] }, "Cannot use TLS: certificates[1]."],
      ];
      for (const [tls, start] of forms) {
        const error = await assertRejects(() => createServer(() => ({}), { port: 0, tls }), what);
        assertInstanceOf(error, TypeError, `${what}: ${error}`);
        assertEquals(error.message.startsWith(start), true, error.message);
        assertStringIncludes(error.message, expected, what);
      }
    }
  },
);

testWith(
  "openssl",
  "Invalid certificates are reported by every function, before anything is opened",
  async () => {
    using maker = new CertificateMaker();
    maker.authority("ca");
    const bad = { cert: maker.signed("own", "ca").cert, key: client.key };
    const ways: Record<string, () => Promise<unknown>> = {
      createConnection: () =>
        createConnection(() => ({}), { port: 1, tls: { ...trusting, ...bad } }),
      connectAcceptedSocket: () => connectAcceptedSocket(() => ({}), {} as Deno.Conn, { tls: bad }),
      // deno-lint-ignore require-await -- it throws
      tlsLayer: async () => tlsLayer({ ...bad, serverSide: true }),
      startTls: async () => {
        const [a] = await memoryTransportPair(() => ({}), () => ({}));
        try {
          await startTls(a.transport, {}, { ...bad, serverSide: true });
        } finally {
          assertEquals(a.transport.isClosing(), false);
          a.transport.abort();
        }
      },
    };
    for (const [way, start] of Object.entries(ways)) {
      const error = await assertRejects(start, way);
      assertInstanceOf(error, TypeError, way);
      assertStringIncludes(error.message, "cert is for another key than key", way);
    }
  },
);

Deno.test("Unreadable or missing authorities are reported at once", async () => {
  const connect = (tls: TlsOptions) => createConnection(() => ({}), { port: 1, tls });
  const bad: [unknown, string][] = [
    [["no PEM"], 'caCerts[0] "no PEM" is not a certificate'],
    [[ca, pathOf("ca.crt")], "caCerts[1] is a path"],
    [[client.key], "caCerts[0] holds a private key"],
    [[ca.replace(/MII./, "MIIA")], "caCerts[0] cannot be read"],
    [ca, "caCerts"],
    [[new TextEncoder().encode(ca)], "caCerts[0] is bytes and not text"],
  ];
  for (const [caCerts, expected] of bad) {
    for (const engine of ["native", "layer"] as const) {
      const tls = { serverName: "localhost", engine, caCerts } as TlsOptions;
      await assertRejects(() => connect(tls), TypeError, expected);
    }
  }
  await assertRejects(
    () => createServer(() => ({}), { port: 0, tls: { ...localhost, requestCert: true } }),
    TypeError,
    "requestCert without caCerts refuses every client",
  );
});

Deno.test("Invalid ALPN names are reported at once", async () => {
  for (const name of ["", "x".repeat(256), "ä".repeat(128)]) {
    const tls = { ...localhost, alpnProtocols: ["x", name] };
    const options = { port: 0, tls };
    await assertRejects(() => createServer(() => ({}), options), RangeError, "alpnProtocols[1]");
    const connecting = { port: 1, tls: { ...trusting, alpnProtocols: [name] } };
    await assertRejects(() => createConnection(() => ({}), connecting), RangeError, "bytes");
  }
});

Deno.test("ALPN names that are too long for a handshake are reported at once", async () => {
  const alpnProtocols = Array.from({ length: 256 }, (_, i) => String(i).padStart(255, "x"));
  const options = { port: 0, tls: { ...localhost, alpnProtocols } };
  await assertRejects(() => createServer(() => ({}), options), RangeError, "65536 bytes");
  const fitting = { port: 0, tls: { ...localhost, alpnProtocols: alpnProtocols.slice(1) } };
  (await createServer(() => ({}), fitting)).close();
});

Deno.test("Unknown TLS options are reported, with a similar name", async () => {
  const tls = { ...localhost, caCert: ca } as TlsOptions;
  await assertRejects(() => createServer(() => ({}), { port: 0, tls }), TypeError, '"caCerts"');
});

Deno.test("A bad result of sniCallback fails the handshake at once, and is reported", async () => {
  const answers: [() => unknown, string][] = [
    [() => ({}), "something else than { cert, key }"],
    [() => "a string", "something else than { cert, key }"],
    [
      () => ({ cert: localhost.cert, key: other.key }),
      "the answer of sniCallback.cert is for another key",
    ],
    [() => ({ cert: pathOf("localhost.crt"), key: localhost.key }), "sniCallback.cert is a path"],
    [() => Promise.reject(new Error("no such tenant")), "no such tenant"],
    [() => {
      throw new Error("thrown at once");
    }, "thrown at once"],
    [() => null, 'No certificate for "localhost"'],
  ];
  for (const [answer, expected] of answers) {
    const sniCallback = answer as NonNullable<TlsOptions["sniCallback"]>;
    await using peer = await echoServer({ sniCallback });
    const { port } = peer.server;
    const error = await assertRejects(() => createConnection(() => ({}), { port, tls: trusting }));
    assertInstanceOf(error, TlsHandshakeError);
    await peer.untilReported(1);
    assertStringIncludes(peer.reported[0]?.message ?? "", expected);
    assertEquals(peer.reported.length, 1);
  }
});

Deno.test("An error of the native engine is not reported as a failed look-up", async () => {
  const tls = { cert: localhost.cert, key: other.key, engine: "native" } as const;
  const error = await assertRejects(() => createServer(() => ({}), { port: 0, tls }));
  assertEquals(error instanceof NameResolutionError, false);
  const unknown = { hostname: "no-such-host.invalid", port: 1 };
  await assertRejects(() => createConnection(() => ({}), unknown), NameResolutionError);
});
