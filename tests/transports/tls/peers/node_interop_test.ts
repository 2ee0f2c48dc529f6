import { assertEquals, assertMatch } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { openConnection } from "../../../../streams/open_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import { outputOf, testWith, withPeer } from "../../../support/peers/outside_peer.ts";
import { Echo } from "../../../support/peers/echo.ts";
import {
  ca,
  client,
  localhost,
  other,
  pathOf,
  trusting,
} from "../../../support/certificates/certificates.ts";

const ENGINES = ["native", "layer"] as const;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/**
 * Prints what was agreed on and what was echoed, then how the connection ended. Options are JSON.
 */
const NODE_CLIENT = `
const { readFileSync } = require("node:fs");
const { connect } = require("node:tls");
const { cert, key, ca, ...options } = JSON.parse(process.argv[1]);
const files = { ca: readFileSync(ca), ...(cert && { cert: readFileSync(cert), key: readFileSync(key) }) };
const socket = connect({ host: "127.0.0.1", servername: "localhost", ...options, ...files }, () => {
  const { CN } = socket.getPeerCertificate().subject;
  console.log(JSON.stringify([socket.getProtocol(), socket.alpnProtocol, CN, socket.authorized]));
  socket.write("from node");
});
socket.on("data", (data) => {
  console.log(String(data));
  socket.end();
});
socket.on("error", (error) => console.log("error " + error.code));
socket.on("close", (failed) => console.log(failed ? "closed with an error" : "closed in order"));
`;

/**
 * Prints its port, what was agreed on with each client, what it said, and how the connection ended.
 */
const NODE_SERVER = `
const { readFileSync } = require("node:fs");
const { createSecureContext, createServer } = require("node:tls");
const { cert, key, ca, other, ...options } = JSON.parse(process.argv[1]);
const files = { cert: readFileSync(cert), key: readFileSync(key), ...(ca && { ca: readFileSync(ca) }) };
const named = other && createSecureContext({ cert: readFileSync(other.cert), key: readFileSync(other.key) });
const SNICallback = (name, answer) => answer(null, name === "other.example" ? named : undefined);
const server = createServer({ ...options, ...files, ...(other && { SNICallback }) }, (socket) => {
  const subject = socket.getPeerCertificate().subject;
  const name = subject ? subject.CN : null;
  console.log("made " + JSON.stringify([socket.getProtocol(), socket.alpnProtocol, socket.servername, name]));
  socket.on("error", (error) => console.log("error " + error.code));
  socket.on("close", (failed) => console.log(failed ? "closed with an error" : "closed in order"));
  socket.pipe(socket);
});
server.on("tlsClientError", (error) => console.log("refused " + error.code));
server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`;

const files = (name: string) => ({ cert: pathOf(`${name}.crt`), key: pathOf(`${name}.key`) });

async function nodeClient(options: Record<string, unknown>): Promise<readonly string[]> {
  const settings = JSON.stringify({ ca: pathOf("ca.crt"), ...options });
  return (await outputOf("node", ["-e", NODE_CLIENT, settings])).trim().split("\n");
}

/** The facts that our server has of a Node client, and the client's output. */
async function serveNode(
  tls: TlsOptions,
  options: Record<string, unknown> = {},
): Promise<{ readonly transport: Transport | null; readonly printed: readonly string[] }> {
  let made: Transport | null = null;
  await using server = await createServer(() => {
    const protocol = new Echo();
    const told = protocol.connectionMade?.bind(protocol);
    return Object.assign(protocol, {
      connectionMade: (transport: Transport) => {
        made = transport;
        told?.(transport);
      },
    });
  }, { port: 0, tls, onError: () => {} });
  const printed = await nodeClient({ port: server.port, ...options });
  return { transport: made, printed };
}

/** The output of a Node server when one of our clients has asked it to echo a line. */
async function askNode(
  options: Record<string, unknown>,
  tls: TlsOptions,
): Promise<{ readonly transport: Transport; readonly made: string }> {
  const settings = JSON.stringify({ ...files("localhost"), ...options });
  let said = "";
  let used: Transport | null = null;
  await withPeer("node", ["-e", NODE_SERVER, settings], /^port (\d+)$/, async (port, line) => {
    const { reader, writer, closed } = await openConnection({ port, tls });
    writer.write("to node\n");
    assertEquals(new TextDecoder().decode(await reader.readline()), "to node\n");
    used = writer.transport;
    writer.close();
    assertEquals((await closed).error, null);
    said = await line(/^made (.*)$/);
    await line(/^closed in order$/);
  });
  if (used === null) throw new Error("The server said no port");
  return { transport: used, made: said };
}

for (const engine of ENGINES) {
  for (const version of VERSIONS) {
    testWith("node", `Our server talks ${version} to a Node client (${engine})`, async () => {
      const tls = { ...localhost, alpnProtocols: ["b", "a"], engine };
      const only = { minVersion: version, maxVersion: version, ALPNProtocols: ["a"] };
      const { transport, printed } = await serveNode(tls, only);
      const agreed = JSON.stringify([version, "a", "localhost", true]);
      assertEquals(printed, [agreed, "from node", "closed in order"]);
      assertEquals(transport?.getExtraInfo("tlsEngine"), engine);
      assertEquals(transport?.getExtraInfo("alpnProtocol"), "a");
      if (engine === "layer") assertEquals(transport?.getExtraInfo("tlsVersion"), version);
    });

    testWith("node", `Our client talks ${version} to a Node server (${engine})`, async () => {
      const only = { minVersion: version, maxVersion: version, ALPNProtocols: ["z", "a"] };
      const { transport, made } = await askNode(only, {
        ...trusting,
        alpnProtocols: ["a", "z"],
        engine,
      });
      assertEquals(made, JSON.stringify([version, "z", "localhost", null]));
      assertEquals(transport.getExtraInfo("alpnProtocol"), "z");
      if (engine === "layer") assertEquals(transport.getExtraInfo("tlsVersion"), version);
    });
  }
}

for (const version of VERSIONS) {
  const only = { minVersion: version, maxVersion: version };

  testWith("node", `Our server asks a Node client for a certificate (${version})`, async () => {
    const tls = { ...localhost, requestCert: true, caCerts: [ca] };
    const { transport, printed } = await serveNode(tls, { ...only, ...files("client") });
    assertEquals(printed.slice(1), ["from node", "closed in order"]);
    assertEquals(transport?.getExtraInfo("peercert")?.subject, { CN: "Ada Lovelace" });
    const refused = await serveNode(tls, only);
    assertEquals(refused.transport, null);
    assertMatch(refused.printed.join("\n"), /^error (ERR_SSL_|ECONNRESET)/m);
  });

  testWith("node", `Our client shows a Node server its certificate (${version})`, async () => {
    const asking = { ...only, requestCert: true, rejectUnauthorized: true, ca: pathOf("ca.crt") };
    const { made } = await askNode(asking, { ...trusting, ...client });
    assertEquals(made, JSON.stringify([version, false, "localhost", "Ada Lovelace"]));
  });

  testWith(
    "node",
    `Our server shows a Node client the certificate it names (${version})`,
    async () => {
      const named = { ...only, servername: "other.example" };
      const { transport, printed } = await serveNode({ certificates: [localhost, other] }, named);
      assertEquals(printed[0], JSON.stringify([version, false, "other.example", true]));
      assertEquals(transport?.getExtraInfo("serverName"), "other.example");
    },
  );

  testWith(
    "node",
    `Our client gets the certificate it names from a Node server (${version})`,
    async () => {
      const both = { ...only, other: files("other") };
      const tls: TlsOptions = { caCerts: [ca], serverName: "other.example", engine: "layer" };
      const { transport, made } = await askNode(both, tls);
      assertEquals(made, JSON.stringify([version, false, "other.example", null]));
      assertEquals(transport.getExtraInfo("peercert")?.subject, { CN: "other.example" });
    },
  );
}
