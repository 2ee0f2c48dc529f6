import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { AnyProtocol, Transport } from "../../../../protocols/contract.ts";
import { TlsHandshakeError } from "../../../../protocols/errors.ts";
import { connectAcceptedSocket } from "../../../../transports/connect_accepted_socket.ts";
import { connectStreams } from "../../../../transports/connect_streams.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer, createUnixServer } from "../../../../transports/create_server.ts";
import { nodeNetwork } from "../../../../transports/networks/node_network.ts";
import type { Server } from "../../../../transports/servers/server.ts";
import { startTls } from "../../../../transports/tls/start_tls.ts";
import { tlsLayer } from "../../../../transports/tls/tls_layer.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { CertificateMaker, LEAF } from "../../../support/certificates/certificate_maker.ts";
import { ca, localhost, stranger, trusting } from "../../../support/certificates/certificates.ts";
import { CLIENT_FILES, visit } from "./resuming_client.ts";
import { socketPath } from "../../../support/places/socket_path.ts";

const VERSIONS = ["TLSv1_2", "TLSv1_3"] as const;
const ASKING: TlsOptions = { ...localhost, requestCert: true, caCerts: [ca] };

/** A server that a client can reach, and what it reported. */
interface Reachable extends AsyncDisposable {
  readonly to: number | string;
  readonly reported: Error[];
  /** Of each client that was let in: whether it is authorised, and why not. */
  readonly admitted: [boolean | null, string | null][];
}

type Serve = (tls: TlsOptions) => Promise<Reachable>;

/** Greets each client, which is how a client knows that it was let in. */
function greeter(admitted: Reachable["admitted"]): () => AnyProtocol {
  return () => ({
    connectionMade: (transport) => {
      admitted.push([
        transport.getExtraInfo("authorized"),
        transport.getExtraInfo("authorizationError"),
      ]);
      transport.write("welcome");
    },
  });
}

/** The settings of a server of this library, and its shutdown. */
async function watch(
  start: (admitted: Reachable["admitted"], onError: (error: Error) => void) => Promise<Server>,
  path?: string,
): Promise<Reachable> {
  const [reported, admitted]: [Error[], Reachable["admitted"]] = [[], []];
  const server = await start(admitted, (error) => void reported.push(error));
  return {
    to: path ?? server.port,
    reported,
    admitted,
    [Symbol.asyncDispose]: async () => void await server.shutdown({ grace: 0 }),
  };
}

const serveOption: Serve = (tls) =>
  watch((admitted, onError) => createServer(greeter(admitted), { port: 0, tls, onError }));

const serveNode: Serve = (tls) =>
  watch((admitted, onError) =>
    createServer(greeter(admitted), { port: 0, tls, onError, network: nodeNetwork })
  );

const serveLayer: Serve = (tls) =>
  watch((admitted, onError) => {
    const layers = [tlsLayer({ ...tls, serverSide: true })];
    return createServer(greeter(admitted), { port: 0, layers, onError });
  });

const serveUnix: Serve = async (tls) => {
  const path = await socketPath();
  return await watch(
    (admitted, onError) => createUnixServer(greeter(admitted), { path, tls, onError }),
    path,
  );
};

const serveUpgrade: Serve = (tls) =>
  watch((admitted, onError) =>
    createServer(() => {
      let plain: Transport;
      return {
        connectionMade: (transport) => void (plain = transport),
        dataReceived: () => {
          plain.write("go\n");
          startTls(plain, {}, { ...tls, serverSide: true }).then(
            (secured) => greeter(admitted)().connectionMade?.(secured),
            onError,
          );
        },
      };
    }, { port: 0 })
  );

/** Hands every connection that a listener of Deno's accepts to `take`. */
function serveByHand(
  take: (conn: Deno.Conn, admitted: Reachable["admitted"]) => Promise<{ transport: Transport }>,
): Promise<Reachable> {
  const [reported, admitted]: [Error[], Reachable["admitted"]] = [[], []];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      const made = take(conn, admitted);
      taken.push(made.then(({ transport }) => transport.closed, (error) => reported.push(error)));
    }
  })();
  return Promise.resolve({
    to: listener.addr.port,
    reported,
    admitted,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await accepting;
      await Promise.all(taken);
    },
  });
}

const serveAccepted: Serve = (tls) =>
  serveByHand((conn, admitted) => connectAcceptedSocket(greeter(admitted), conn, { tls }));

const serveStreams: Serve = (tls) =>
  serveByHand((conn, admitted) =>
    connectStreams(greeter(admitted), conn, { tls: { ...tls, serverSide: true } })
  );

const WAYS: Readonly<Record<string, Serve>> = {
  "the option tls": serveOption,
  "the option tls on nodeNetwork": serveNode,
  "tlsLayer()": serveLayer,
  "a Unix socket": serveUnix,
  "startTls()": serveUpgrade,
  "connectAcceptedSocket()": serveAccepted,
  "connectStreams()": serveStreams,
};

for (const version of VERSIONS) {
  for (const [way, serve] of Object.entries(WAYS)) {
    testWith(
      "python3",
      `No session replaces a client's certificate (${way}, ${version})`,
      async () => {
        await using open = await serve(localhost);
        await using lenient = await serve({ ...ASKING, rejectUnauthorized: false });
        await using asking = await serve(ASKING);
        const upgrades = serve === serveUpgrade;
        const visited = await visit(version, [
          { to: open.to, upgrades },
          { to: asking.to, upgrades, resumes: 0 },
          { to: lenient.to, upgrades },
          { to: asking.to, upgrades, resumes: 2 },
          { to: asking.to, upgrades },
          { to: asking.to, upgrades, shows: CLIENT_FILES },
          { to: asking.to, upgrades, resumes: 5 },
        ]);
        assertEquals(visited.map(({ answer }) => answer), [
          ...["welcome", "", "welcome", "", ""],
          ...["welcome", "welcome"],
        ]);
        assertEquals([visited[1]?.resumed, visited[3]?.resumed], [true, true]);
        assert(visited[6]?.resumed, "a session of the same server is resumed");
        assertEquals(asking.admitted, [[true, null], [true, null]]);
        for (const error of asking.reported) {
          assertInstanceOf(error, TlsHandshakeError);
          assertEquals(error.reason, "noCertificate");
        }
        assertEquals(asking.reported.length, 3);
      },
    );
  }

  testWith(
    "openssl",
    `A session made under another authority is not trusted (${version})`,
    async () => {
      using maker = new CertificateMaker();
      maker.authority("theirs");
      maker.signed("intruder", "theirs", {
        subject: "/CN=Ada Lovelace",
        extensions: [LEAF, "extendedKeyUsage=clientAuth"],
      });
      await using theirs = await serveOption({ ...ASKING, caCerts: [maker.read("theirs.crt")] });
      await using both = await serveOption({ ...ASKING, caCerts: [ca, maker.read("theirs.crt")] });
      await using ours = await serveOption(ASKING);
      await using lenient = await serveOption({ ...ASKING, rejectUnauthorized: false });
      const visited = await visit(version, [
        { to: theirs.to, shows: maker.pathOf("intruder") },
        { to: ours.to, resumes: 0 },
        { to: lenient.to, resumes: 0 },
        { to: lenient.to },
        { to: lenient.to, resumes: 3 },
        { to: both.to },
        { to: both.to, resumes: 0 },
      ]);
      const answers = visited.map(({ answer }) => answer !== "");
      assertEquals(answers, [true, false, true, true, true, true, true]);
      assert(
        visited[1]?.resumed && visited[2]?.resumed && visited[4]?.resumed && visited[6]?.resumed,
      );
      assertEquals(ours.admitted, []);
      assertInstanceOf(ours.reported[0], TlsHandshakeError);
      assertEquals(ours.reported[0].reason, "untrusted");
      // The verdict of the full handshake is that of the sessions that come from it.
      assertEquals(lenient.admitted.map(([isAuthorized]) => isAuthorized), [false, false, false]);
      assertEquals(lenient.admitted[2], lenient.admitted[1]);
      assertEquals(both.admitted, [[true, null], [true, null]]);
    },
  );

  testWith(
    "openssl",
    `A certificate that has expired since ends its sessions (${version})`,
    async () => {
      using maker = new CertificateMaker();
      maker.authority("authority");
      maker.signed("client", "authority", { extensions: [LEAF] });
      await using server = await serveOption({ ...ASKING, caCerts: [maker.read("authority.crt")] });
      const now = Date.now;
      const visits = [{ to: server.to, shows: maker.pathOf("client") }, {
        to: server.to,
        resumes: 0,
      }];
      const admit = server.admitted.push.bind(server.admitted);
      server.admitted.push = (...items) => {
        Date.now = () => now() + 100 * 24 * 3600 * 1000;
        return admit(...items);
      };
      try {
        const visited = await visit(version, visits);
        assertEquals(visited.map(({ answer }) => answer), ["welcome", ""]);
        assert(visited[1]?.resumed);
      } finally {
        Date.now = now;
      }
      assertInstanceOf(server.reported[0], TlsHandshakeError);
      assertEquals(server.reported[0].reason, "expired");
    },
  );
}

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const engine of ["native", "layer"] as const) {
    if (engine === "native" && maxVersion === "TLSv1.2") continue;
    Deno.test(`A client verifies a server again under other options (${engine}, ${maxVersion})`, async () => {
      await using server = await serveOption({ ...localhost, maxVersion });
      const port = Number(server.to);
      const connect = async (tls: TlsOptions) => {
        const { transport } = await createConnection(() => ({}), { port, tls: { ...tls, engine } });
        transport.close();
        await transport.closed;
        return transport.getExtraInfo("authorized");
      };
      for (let i = 0; i < 2; i++) assertEquals(await connect(trusting), true);
      if (engine === "layer") {
        const lenient = { serverName: "localhost", rejectUnauthorized: false };
        for (let i = 0; i < 2; i++) assertEquals(await connect(lenient), false);
      }
      for (
        const other of [{ caCerts: [stranger] }, { caCerts: [] }, {
          serverName: "elsewhere.example",
        }]
      ) {
        await assertRejects(() => connect({ ...trusting, ...other }), TlsHandshakeError);
      }
    });
  }
}
