/**
 * Peers of openssl with weak keys, signatures, ciphers and versions: what node:tls refuses with its
 * defaults, the layer refuses as well, although it tells the engine not to look at its own key.
 */
import { assertEquals } from "@std/assert";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import {
  CertificateMaker,
  LEAF,
  LOCALHOST,
} from "../../../support/certificates/certificate_maker.ts";
import { testWith, withPeer } from "../../../support/peers/outside_peer.ts";

const rsa = (bits: number): readonly string[] => [
  "-algorithm",
  "RSA",
  "-pkeyopt",
  `rsa_keygen_bits:${bits}`,
];
const DAYS = ["-days", "99"];
const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
const WEAKEST = "@SECLEVEL=0";

/** Makes what the peers show: the names of those that nothing should trust. */
function makeCertificates(maker: CertificateMaker): readonly string[] {
  maker.authority("ca", ["-sha256"]);
  const extensions = [LEAF, LOCALHOST];
  maker.signed("good", "ca", { key: rsa(2048), extensions });
  maker.signed("rsa1024", "ca", { key: rsa(1024), extensions });
  maker.signed("rsa", "ca", { key: rsa(2048), extensions: AUTHORITY, subject: "/CN=rsa" });
  for (const digest of ["sha1", "md5"]) {
    maker.signed(digest, "rsa", { key: rsa(2048), extensions, more: [...DAYS, `-${digest}`] });
  }
  // An authority between, which is weak or signed weakly.
  const between = { extensions: AUTHORITY, more: DAYS };
  maker.signed("small", "ca", { ...between, key: rsa(1024), subject: "/CN=small" });
  maker.signed("under-small", "small", { key: rsa(2048), extensions });
  maker.signed("old", "ca", { ...between, subject: "/CN=old", more: [...DAYS, "-sha1"] });
  maker.signed("under-old", "old", { key: rsa(2048), extensions });
  return ["rsa1024", "sha1", "md5", "under-small", "under-old"];
}

const CHAINS: Readonly<Record<string, string>> = {
  "sha1": "rsa",
  "md5": "rsa",
  "under-small": "small",
  "under-old": "old",
};

/** The arguments of openssl for a certificate and the authority between. */
function showing(maker: CertificateMaker, name: string): string[] {
  const chain = CHAINS[name];
  return [
    ...["-cert", maker.pathOf(`${name}.crt`), "-key", maker.pathOf(`${name}.key`)],
    ...chain === undefined ? [] : ["-cert_chain", maker.pathOf(`${chain}.crt`)],
  ];
}

/** Settings that weaken a handshake, by ciphers, versions and signatures. */
const HANDSHAKES: readonly (readonly string[])[] = [
  ["-tls1", "-cipher", `DEFAULT:${WEAKEST}`],
  ["-tls1_1", "-cipher", `DEFAULT:${WEAKEST}`],
  ["-tls1_2", "-cipher", `ADH:AECDH:${WEAKEST}`],
  ["-tls1_2", "-cipher", `NULL:${WEAKEST}`],
  ["-tls1_2", "-cipher", `CAMELLIA:ARIA:SEED:${WEAKEST}`],
  ["-tls1_2", "-cipher", `kRSA:${WEAKEST}`],
  ["-tls1_2", "-cipher", `AES128-SHA:ECDHE-RSA-AES128-SHA:${WEAKEST}`],
  ["-tls1_2", "-cipher", `DHE:${WEAKEST}`],
  ["-tls1_2", "-cipher", `ECDHE:${WEAKEST}`, "-sigalgs", "RSA+SHA1"],
  ["-tls1_2", "-cipher", `ECDHE:${WEAKEST}`, "-groups", "secp192k1"],
];

/** Whether the client of node:tls, with its defaults, takes a server, and whether ours does. */
async function verdicts(
  port: number,
  ca: string,
): Promise<readonly [node: boolean, ours: boolean]> {
  const node = await new Promise<boolean>((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca });
    socket.once("secureConnect", () => void resolve(true)).on("error", () => resolve(false));
    socket.once("secureConnect", () => socket.destroy());
  });
  const tls = { caCerts: [ca], serverName: "localhost", engine: "layer" } as const;
  const ours = await createConnection(() => ({}), { port, tls }).then(
    async ({ transport }) => {
      transport.abort();
      await transport.closed;
      return true;
    },
    () => false,
  );
  return [node, ours];
}

testWith("openssl", "A client refuses what node:tls refuses of weak servers", async () => {
  using maker = new CertificateMaker();
  const weak = makeCertificates(maker);
  const ca = maker.read("ca.crt");
  const peers: [boolean, string[]][] = [
    [true, showing(maker, "good")],
    ...weak.map((name): [boolean, string[]] => [
      false,
      [...showing(maker, name), "-cipher", `DEFAULT:${WEAKEST}`],
    ]),
    ...HANDSHAKES.map((args): [boolean, string[]] => [false, [...showing(maker, "good"), ...args]]),
  ];
  for (const [isGood, args] of peers) {
    const all = ["s_server", "-accept", "127.0.0.1:0", "-rev", ...args];
    await withPeer("openssl", all, /^ACCEPT .*:(\d+)/, async (port) => {
      assertEquals(await verdicts(port, ca), [isGood, isGood], args.join(" "));
    });
  }
});

/** Has a client of openssl connect, and says a line. */
async function visit(port: number, args: readonly string[]): Promise<void> {
  await new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

testWith("openssl", "A server refuses what node:tls refuses of weak clients", async () => {
  using maker = new CertificateMaker();
  const weak = makeCertificates(maker);
  const { cert, key } = maker.pair("good");
  const ca = maker.read("ca.crt");
  const peers: [boolean, boolean, string[]][] = [
    [true, false, []],
    [true, true, showing(maker, "good")],
    ...weak.map((name): [boolean, boolean, string[]] => [
      false,
      true,
      [...showing(maker, name), "-cipher", `DEFAULT:${WEAKEST}`],
    ]),
    ...HANDSHAKES.map((args): [boolean, boolean, string[]] => [false, false, [...args]]),
  ];
  for (const [isGood, requestCert, args] of peers) {
    let isTakenByNode = false;
    const node = createTlsServer(
      { cert, key, ca, requestCert, rejectUnauthorized: requestCert },
      (socket) => {
        isTakenByNode = true;
        socket.on("error", () => {}).end();
      },
    ).on("tlsClientError", () => {});
    await new Promise<void>((resolve) => void node.listen(0, "127.0.0.1", resolve));
    await visit((node.address() as AddressInfo).port, args);
    await new Promise<void>((resolve) => void node.close(() => resolve()));

    let isTaken = false;
    const caCerts = requestCert ? { caCerts: [ca] } : {};
    const server = await createServer(
      () => ({
        connectionMade(transport): void {
          isTaken = true;
          transport.close();
        },
      }),
      { port: 0, tls: { cert, key, requestCert, engine: "layer", ...caCerts }, onError: () => {} },
    );
    await visit(server.port, args);
    await server.shutdown({ grace: 0 });
    assertEquals([isTakenByNode, isTaken], [isGood, isGood], args.join(" "));
  }
});
