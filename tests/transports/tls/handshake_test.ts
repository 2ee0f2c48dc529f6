import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import {
  type TlsFailure,
  TlsHandshakeError,
  TlsProtocolError,
  TruncationError,
} from "../../../protocols/errors.ts";
import type { TlsOptions } from "../../../transports/tls/tls_options.ts";
import { echoServer, failureOf } from "./attempt.ts";
import { ca, client, expired, localhost, stranger, trusting } from "./certificates.ts";

const ENGINES = ["native", "layer"] as const;

/** A handshake that fails: what each end is told, and by which engines it can be tried. */
interface Failure {
  readonly name: string;
  readonly client: TlsOptions;
  readonly server: TlsOptions;
  /** `"truncated"`: its handshake is done, and the connection then ends without a word. */
  readonly seenByClient: TlsFailure | "truncated";
  readonly seenByServer: TlsFailure | null;
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
    clientEngines: ["native"],
  },
  {
    name: "a certificate for another name",
    client: { ...trusting, serverName: "elsewhere.example" },
    server: localhost,
    seenByClient: "name",
    // Names are checked when the handshake is done: to the server it is a client that came and went.
    seenByServer: null,
    clientEngines: ["layer"],
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
    name: "a client without a certificate",
    client: trusting,
    server: { ...localhost, requestCert: true, caCerts: [ca] },
    seenByClient: "noCertificate",
    seenByServer: "noCertificate",
    serverEngines: ["layer"],
  },
  {
    name: "a client's certificate that nobody vouches for",
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
        if (failure.seenByServer === null) return assertEquals(peer.reported, []);
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
