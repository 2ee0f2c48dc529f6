import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import {
  type TlsFailure,
  TlsHandshakeError,
  TlsProtocolError,
  TruncationError,
} from "../../../../protocols/errors.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import type { TlsCertificate } from "../../../../transports/tls/tls_certificate.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import { CertificateMaker } from "../../../support/certificates/certificate_maker.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { echoServer, failureOf } from "../attempt.ts";
import {
  ca,
  client,
  expired,
  localhost,
  stranger,
  trusting,
} from "../../../support/certificates/certificates.ts";

const ENGINES = ["native", "layer"] as const;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** A handshake that fails: what each end is told, and by which engines it can be tried. */
interface Failure {
  readonly name: string;
  readonly client: TlsOptions;
  readonly server: TlsOptions;
  /** `"truncated"`: its handshake is done, and the connection then ends without a word. */
  readonly seenByClient: TlsFailure | "truncated";
  readonly seenByServer: TlsFailure;
  readonly clientEngines?: readonly ("native" | "layer")[];
  readonly serverEngines?: readonly ("native" | "layer")[];
}

const FAILURES: readonly Failure[] = [
  {
    name: "a certificate for another name",
    client: { ...trusting, serverName: "elsewhere.example" },
    server: localhost,
    seenByClient: "name",
    seenByServer: "untrusted",
  },
  {
    name: "an expired certificate",
    client: trusting,
    server: expired,
    seenByClient: "expired",
    seenByServer: "expired",
  },
  {
    name: "an authority that is not trusted",
    client: { ...trusting, caCerts: [stranger] },
    server: localhost,
    seenByClient: "untrusted",
    seenByServer: "untrusted",
  },
  {
    name: "no application protocol in common",
    client: { ...trusting, alpnProtocols: ["a"] },
    server: { ...localhost, alpnProtocols: ["b", "c"] },
    seenByClient: "protocol",
    seenByServer: "protocol",
  },
  {
    name: "no version in common",
    client: { ...trusting, maxVersion: "TLSv1.2" },
    server: { ...localhost, minVersion: "TLSv1.3" },
    seenByClient: "version",
    seenByServer: "version",
    clientEngines: ["layer"],
    serverEngines: ["layer"],
  },
  {
    name: "no application protocol in common, where sniCallback chooses",
    client: { ...trusting, alpnProtocols: ["a"] },
    server: { sniCallback: () => localhost, alpnProtocols: ["b"] },
    seenByClient: "protocol",
    seenByServer: "protocol",
    serverEngines: ["layer"],
  },
  {
    name: "no version in common, where sniCallback chooses",
    client: { ...trusting, maxVersion: "TLSv1.2" },
    server: { sniCallback: () => localhost, minVersion: "TLSv1.3" },
    seenByClient: "version",
    seenByServer: "version",
    clientEngines: ["layer"],
    serverEngines: ["layer"],
  },
  {
    name: "a client without a certificate",
    client: trusting,
    server: { ...localhost, requestCert: true, caCerts: [ca] },
    seenByClient: "noCertificate",
    seenByServer: "noCertificate",
    serverEngines: ["layer"],
  },
  {
    name: "a client's certificate of another authority",
    client: { ...trusting, ...client },
    server: { ...localhost, requestCert: true, caCerts: [stranger] },
    // The engine of the server sends no alert for it.
    seenByClient: "truncated",
    seenByServer: "untrusted",
    clientEngines: ["layer"],
    serverEngines: ["layer"],
  },
];

for (const failure of FAILURES) {
  for (const clientEngine of failure.clientEngines ?? ENGINES) {
    for (const serverEngine of failure.serverEngines ?? ENGINES) {
      const engines = `${clientEngine} to ${serverEngine}`;
      Deno.test(`TLS handshake with ${failure.name} fails (${engines})`, async () => {
        await using peer = await echoServer({ ...failure.server, engine: serverEngine });
        const { port } = peer.server;
        const error = await failureOf({ port, tls: { ...failure.client, engine: clientEngine } });
        assertMatch(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
        if (failure.seenByClient === "truncated") assertInstanceOf(error, TruncationError);
        else {
          assert(error instanceof TlsHandshakeError || error instanceof TlsProtocolError);
          assertEquals(error.reason, failure.seenByClient, error.message);
        }
        await peer.untilReported(1);
        const [reported] = peer.reported;
        assertInstanceOf(reported, TlsHandshakeError);
        assertEquals(reported.reason, failure.seenByServer, reported.message);
        assertEquals(reported.local, `127.0.0.1:${port}`);
        assertMatch(reported.peer, /^127\.0\.0\.1:\d+$/);
        assertEquals(peer.reported.length, 1);
      });
    }
  }
}

/** A certificate for localhost, valid in some years only. */
function datedCertificate(maker: CertificateMaker, from: number, to: number): TlsCertificate {
  maker.signed("dated", "ca");
  Deno.mkdirSync(maker.pathOf("db"));
  Deno.writeTextFileSync(maker.pathOf("db/index"), "");
  Deno.writeTextFileSync(maker.pathOf("db/serial"), "1000\n");
  Deno.writeTextFileSync(
    maker.pathOf("db.cnf"),
    "[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\nnew_certs_dir=db\n" +
      "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n",
  );
  maker.openssl(
    ...["ca", "-batch", "-notext", "-config", "db.cnf", "-cert", "ca.crt", "-keyfile", "ca.key"],
    ...["-in", "dated.csr", "-out", "dated.crt", "-extfile", "dated.cnf", "-extensions", "own"],
    ...["-startdate", `${from}0101000000Z`, "-enddate", `${to}0101000000Z`],
  );
  return maker.pair("dated");
}

for (const [what, from, to] of [["over", 2001, 2002], ["still to come", 2090, 2091]] as const) {
  testWith("openssl", `TLS handshake with a certificate whose time is ${what} fails`, async () => {
    using maker = new CertificateMaker();
    maker.authority("ca");
    await using peer = await echoServer(datedCertificate(maker, from, to));
    const { port } = peer.server;
    const serverName = "localhost";
    let told = 0;
    for (const engine of ENGINES) {
      for (const maxVersion of engine === "native" ? [undefined] : VERSIONS) {
        const tls = {
          ...{ serverName, engine, caCerts: [maker.read("ca.crt")] },
          ...(maxVersion && { maxVersion }),
        };
        const error = await failureOf({ port, tls });
        assertInstanceOf(error, TlsHandshakeError);
        assertEquals(error.reason, "expired", engine);
        // The layer's client can send no alert with TLS 1.2.
        if (maxVersion === "TLSv1.2") continue;
        await peer.untilReported(++told);
        const reported = peer.reported.at(-1);
        assertInstanceOf(reported, TlsHandshakeError);
        assertEquals(reported.reason, "expired");
      }
    }
    const lenient = { serverName, rejectUnauthorized: false };
    const { transport } = await createConnection(() => ({}), { port, tls: lenient });
    assertMatch(transport.getExtraInfo("authorizationError") ?? "", /EXPIRED|NOT_YET/);
    transport.abort();
    await transport.closed;
  });
}

for (const engine of ENGINES) {
  testWith(
    "openssl",
    `TLS server names the reason when client and server have nothing in common (${engine})`,
    async () => {
      await using peer = await echoServer({ ...localhost, engine });
      const clients: [TlsFailure, string[]][] = [
        ["cipher", ["-tls1_3", "-groups", "ffdhe2048"]],
        ["cipher", ["-tls1_2", "-cipher", "AES128-SHA"]],
        ["version", ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]],
      ];
      for (const [index, [reason, args]] of clients.entries()) {
        const connect = ["-connect", `127.0.0.1:${peer.server.port}`];
        await new Deno.Command("openssl", {
          args: ["s_client", ...connect, ...args],
          stdin: "null",
          stdout: "null",
          stderr: "null",
        }).output();
        await peer.untilReported(index + 1);
        const error = peer.reported[index];
        assertInstanceOf(error, TlsHandshakeError);
        assertEquals(error.reason, reason, `${args}: ${error.message}`);
      }
    },
  );
}
