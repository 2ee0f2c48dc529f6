import { assertEquals, assertInstanceOf } from "@std/assert";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { readCertificate } from "../../../../transports/tls/certificates/certificate_form.ts";
import { readPem } from "../../../../transports/tls/certificates/pem.ts";
import { createServer } from "../../../../transports/create_server.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import {
  CertificateMaker,
  LEAF,
  LOCALHOST,
} from "../../../support/certificates/certificate_maker.ts";
import { testWith, withPeer } from "../../../support/peers/outside_peer.ts";
import { failureOf } from "../attempt.ts";
import { localhost } from "../../../support/certificates/certificates.ts";

const VERSIONS = ["-tls1_2", "-tls1_3"] as const;

/** Two authorities of one name: the one that clients trust, and one that an attacker has made. */
function twins(): { trusted: CertificateMaker; false: CertificateMaker } & Disposable {
  const [trusted, other] = [new CertificateMaker(), new CertificateMaker()];
  for (const maker of [trusted, other]) maker.authority("twin");
  return {
    trusted,
    false: other,
    [Symbol.dispose](): void {
      trusted[Symbol.dispose]();
      other[Symbol.dispose]();
    },
  };
}

/** Exchanges some bytes of a certificate for as many others, and writes it back. */
function tamper(maker: CertificateMaker, name: string, from: string, to: string): void {
  const [block] = readPem(maker.read(`${name}.crt`));
  const hex = block?.bytes.toHex() ?? "";
  if (!hex.includes(from)) throw new Error(`Cannot tamper: ${from} is not in the certificate`);
  const body = Uint8Array.fromHex(hex.replace(from, to)).toBase64().replaceAll(/.{64}/g, "$&\n");
  const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  Deno.writeTextFileSync(maker.pathOf(`${name}.crt`), pem);
}

/** The verdict of a client on a certificate, with openssl as the server. */
async function refusalOf(
  maker: CertificateMaker,
  name: string,
  version: string,
  tls: TlsOptions,
): Promise<string> {
  const files = ["-cert", maker.pathOf(`${name}.crt`), "-key", maker.pathOf(`${name}.key`)];
  const args = ["s_server", "-accept", "127.0.0.1:0", "-rev", version, ...files];
  let reason = "";
  await withPeer(
    "openssl",
    args,
    /^ACCEPT 127\.0\.0\.1:(\d+)/,
    async (port) => {
      const error = await failureOf({ port, tls: { serverName: "localhost", ...tls } });
      assertInstanceOf(error, TlsHandshakeError);
      reason = error.reason;
    },
  );
  return reason;
}

for (const version of VERSIONS) {
  for (const engine of ["native", "layer"] as const) {
    testWith(
      "openssl",
      `A client refuses a certificate that only bears the authority's name (${engine}, ${version})`,
      async () => {
        using makers = twins();
        const forger = makers.false;
        forger.signed("proper", "twin");
        forger.signed("old", "twin", { extensions: [] });
        forger.signed("bent", "twin", { extensions: [LEAF, LOCALHOST] });
        // The engine of the layer would take one that its verifier cannot read without a look at
        // the signature.
        tamper(forger, "bent", "0603551d130101ff", "0603551d13010101");
        const caCerts = [makers.trusted.read("twin.crt")];
        for (const name of ["proper", "old", "bent"]) {
          const reason = await refusalOf(forger, name, version, { caCerts, engine });
          assertEquals(reason, "untrusted", name);
        }
      },
    );
  }

  testWith(
    "openssl",
    `A client that accepts any certificate still requires proof of its key (${version})`,
    async () => {
      using maker = new CertificateMaker();
      maker.authority("any");
      maker.signed("old", "any", { extensions: [] });
      const reason = await refusalOf(maker, "old", version, { rejectUnauthorized: false });
      assertEquals(reason, "untrusted");
    },
  );

  testWith(
    "openssl",
    `A server refuses a client's certificate of version 1 (${version})`,
    async () => {
      using maker = new CertificateMaker();
      maker.authority("any");
      maker.signed("old", "any", { extensions: [] });
      for (const rejectUnauthorized of [true, false]) {
        const refused = Promise.withResolvers<Error>();
        await using server = await createServer(
          () => ({ connectionMade: () => refused.reject(new Error("let in")) }),
          {
            port: 0,
            onError: refused.resolve,
            // The very certificate, which the engine would take as one of an authority.
            tls: {
              ...localhost,
              requestCert: true,
              rejectUnauthorized,
              caCerts: [maker.read("old.crt")],
            },
          },
        );
        const files = ["-cert", maker.pathOf("old.crt"), "-key", maker.pathOf("old.key")];
        const connect = ["-connect", `127.0.0.1:${server.port}`, version, ...files];
        const options = { stdin: "null", stdout: "null", stderr: "null" } as const;
        await new Deno.Command("openssl", { args: ["s_client", ...connect], ...options }).output();
        const error = await refused.promise;
        assertInstanceOf(error, TlsHandshakeError);
        assertEquals(error.reason, "untrusted");
      }
    },
  );
}

testWith(
  "openssl",
  "readCertificate() reads certificates of openssl, and refuses each one with a changed part",
  () => {
    using maker = new CertificateMaker();
    maker.authority("any");
    const names =
      "subjectAltName=DNS:*.example.test,IP:192.0.2.1,IP:2001:db8::1,email:a@x.test,URI:http://x/,dirName:dir";
    const { cert } = maker.signed("full", "any", {
      extensions: [
        ...[LEAF, names, "keyUsage=digitalSignature", "extendedKeyUsage=serverAuth,clientAuth"],
        ...["subjectKeyIdentifier=hash", "[dir]", "CN=x"],
      ],
    });
    const raw = readPem(cert)[0]?.bytes ?? new Uint8Array(0);
    const form = readCertificate(raw);
    assertEquals(
      form.names.map(({ type, value }) => type === "other" ? type : `${type} ${value}`),
      [
        ...["dns *.example.test", "ip 192.0.2.1", "ip 2001:db8::1", "email a@x.test"],
        ...["uri http://x/", "other"],
      ],
    );
    assertEquals(form.isAuthority, false);
    assertEquals(form.validTo > Date.now() && form.validFrom <= Date.now(), true);
    for (let length = 0; length < raw.length; length++) assertRefused(raw.subarray(0, length));
    assertRefused(new Uint8Array([...raw, 0]));
    return Promise.resolve();
  },
);

function assertRefused(bytes: Uint8Array): void {
  let error: unknown;
  try {
    readCertificate(bytes);
  } catch (thrown) {
    error = thrown;
  }
  assertEquals((error as Error | undefined)?.name, "DerError", `${bytes.length} bytes`);
}

/**
 * Shows one certificate after the other, each to one client. Those that OpenSSL cannot read it
 * passes over.
 */
const FORGER = `
import socket, ssl, sys
folder, count, key = sys.argv[1], int(sys.argv[2]), sys.argv[3]
listener = socket.create_server(("127.0.0.1", 0))
shown = []
for index in range(count):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try: context.load_cert_chain(f"{folder}/bent{index}.crt", key)
    except ssl.SSLError: continue
    shown.append(context)
print(listener.getsockname()[1], flush=True)
print(len(shown), flush=True)
for context in shown:
    plain, _ = listener.accept()
    try: context.wrap_socket(plain, server_side=True).recv(1)
    except OSError: pass
    plain.close()
`;

testWith("python3", "No changed byte makes a client accept a forged certificate", async () => {
  using makers = twins();
  const forger = makers.false;
  const extensions = [LEAF, LOCALHOST, "keyUsage=digitalSignature", "extendedKeyUsage=serverAuth"];
  forger.signed("forged", "twin", { extensions });
  const raw = readPem(forger.read("forged.crt"))[0]?.bytes ?? new Uint8Array(0);
  const count = raw.length;
  for (let at = 0; at < count; at++) {
    const bent = new Uint8Array(raw);
    bent[at] = (bent[at] ?? 0) ^ (1 << (at * 7) % 8);
    const body = bent.toBase64().replaceAll(/.{64}/g, "$&\n");
    const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    await Deno.writeTextFile(forger.pathOf(`bent${at}.crt`), pem);
  }
  const tls = { serverName: "localhost", caCerts: [makers.trusted.read("twin.crt")] };
  const args = ["-c", FORGER, forger.pathOf("."), String(count), forger.pathOf("forged.key")];
  await withPeer("python3", args, /^(\d+)$/, async (port, line) => {
    const shown = Number(await line(/^(\d+)$/));
    assertEquals(shown > 100, true, `only ${shown} can be shown`);
    for (let i = 0; i < shown; i++) {
      const error = await failureOf({ port, tls: { ...tls, engine: "layer" } });
      assertInstanceOf(error, TlsHandshakeError);
    }
  });
});
