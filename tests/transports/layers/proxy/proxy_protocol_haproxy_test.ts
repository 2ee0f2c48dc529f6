import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Address } from "../../../../protocols/facts/address.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import type { ProxyHeader } from "../../../../protocols/facts/proxy_header.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import {
  proxyProtocol,
  sendProxyProtocol,
} from "../../../../transports/layers/proxy/proxy_protocol.ts";
import type { LayerFactory } from "../../../../transports/core/transport_options.ts";
import { hasProgram } from "../../../support/peers/outside_peer.ts";
import { startHaproxy } from "../../../support/peers/haproxy.ts";
import { freePort } from "../../../support/places/free_port.ts";

const ignore = !hasProgram("haproxy", ["-v"]);

/** How the proxy listens, and how it speaks to its server. */
const FRONTENDS = {
  plainToV1: ["", "send-proxy"],
  plainToV2: ["", "send-proxy-v2 proxy-v2-options unique-id,crc32c"],
  acceptToV1: ["accept-proxy", "send-proxy"],
  acceptToV2: ["accept-proxy", "send-proxy-v2 proxy-v2-options unique-id,crc32c,authority"],
} as const;

type Frontend = keyof typeof FRONTENDS;

/** A running HAProxy in front of a server. */
interface Haproxy extends AsyncDisposable {
  readonly ports: Readonly<Record<Frontend, number>>;
}

async function startInFrontOf(serverPort: number): Promise<Haproxy> {
  const ports = {
    plainToV1: freePort(),
    plainToV2: freePort(),
    acceptToV1: freePort(),
    acceptToV2: freePort(),
  };
  const sections = Object.entries(FRONTENDS).map(([name, [bind, server]]) =>
    // The table has the same names.
    `listen ${name}\n bind 127.0.0.1:${ports[name as Frontend]} ${bind}\n` +
    ` unique-id-format %ci:%cp\n server s 127.0.0.1:${serverPort} ${server}\n`
  );
  const times = ["connect", "client", "server"].map((kind) => ` timeout ${kind} 20s\n`).join("");
  const proxy = await startHaproxy(`defaults\n mode tcp\n${times}${sections.join("")}`);
  return { ...proxy, ports };
}

/** The view that the server behind HAProxy has of a client. */
interface Seen {
  readonly header: ProxyHeader | null;
  readonly peername: Address | null;
  readonly sockname: Address | null;
  readonly proxyPeername: Address | null;
  readonly client: Address | null;
}

async function exchange(frontend: Frontend, layers: readonly LayerFactory[] = []): Promise<Seen> {
  const made = Promise.withResolvers<Transport>();
  const errors: Error[] = [];
  await using server = await createServer(() => {
    let own: Transport;
    return {
      connectionMade(transport): void {
        own = transport;
        made.resolve(transport);
      },
      dataReceived: (chunk) => void own.write(chunk),
    };
  }, { port: 0, layers: [proxyProtocol()], onError: (error) => void errors.push(error) });
  await using proxy = await startInFrontOf(server.port);
  const { transport, protocol } = await createConnection(() => new RecordingProtocol(), {
    port: proxy.ports[frontend],
    layers,
  });
  const client = transport.getExtraInfo("sockname");
  transport.write("x".repeat(100_000));
  await protocol.untilReceived(100_000);
  const behind = await made.promise;
  const seen = {
    header: behind.getExtraInfo("proxyHeader"),
    peername: behind.getExtraInfo("peername"),
    sockname: behind.getExtraInfo("sockname"),
    proxyPeername: behind.getExtraInfo("proxyPeername"),
    client,
  };
  transport.close();
  await transport.closed;
  await server.shutdown();
  assertEquals(errors, []);
  assertEquals(
    seen.sockname,
    layers.length > 0 ? DESTINATION : {
      transport: "tcp",
      hostname: "127.0.0.1",
      port: proxy.ports[frontend],
    },
  );
  return seen;
}

const SOURCE = { transport: "tcp", hostname: "192.0.2.7", port: 50_000 } as const;
const DESTINATION = { transport: "tcp", hostname: "192.0.2.1", port: 443 } as const;

for (const version of [1, 2] as const) {
  Deno.test({
    name: `proxyProtocol() learns the client's address from HAProxy in version ${version}`,
    ignore,
    async fn(): Promise<void> {
      const seen = await exchange(version === 1 ? "plainToV1" : "plainToV2");
      assertEquals(seen.header?.version, version);
      assertEquals(seen.peername, seen.client);
      assert(seen.proxyPeername !== null);
      assertNotEquals(seen.proxyPeername, seen.client);
      if (version === 1 || seen.client === null || !("port" in seen.client)) return;
      const { uniqueId, crc32c } = seen.header?.tlvs ?? {};
      assertEquals(new TextDecoder().decode(uniqueId), `127.0.0.1:${seen.client.port}`);
      assert(typeof crc32c === "number");
    },
  });

  Deno.test({
    name:
      `sendProxyProtocol() in version ${version} is understood by HAProxy, in either version on`,
    ignore,
    async fn(): Promise<void> {
      for (const frontend of ["acceptToV1", "acceptToV2"] as const) {
        const seen = await exchange(frontend, [
          sendProxyProtocol({
            version,
            source: SOURCE,
            destination: DESTINATION,
            tlvs: { authority: "example.org" },
          }),
        ]);
        assertEquals(seen.peername, SOURCE);
        // The facts of version 2 go all the way.
        const isTold = version === 2 && frontend === "acceptToV2";
        assertEquals(seen.header?.tlvs.authority, isTold ? "example.org" : undefined);
      }
    },
  });
}

Deno.test({
  name: "sendProxyProtocol() with a checksum that is wrong is refused by HAProxy",
  ignore,
  async fn(): Promise<void> {
    const { formatProxyHeader } = await import(
      "../../../../transports/layers/proxy/_format_proxy_header.ts"
    );
    await using server = await createServer(() => ({}), { port: 0, layers: [proxyProtocol()] });
    await using proxy = await startInFrontOf(server.port);
    const header = formatProxyHeader({
      command: "proxy",
      source: SOURCE,
      destination: DESTINATION,
      tlvs: {},
      hasChecksum: true,
    });
    header[header.length - 1] = (header.at(-1) ?? 0) ^ 1;
    using conn = await Deno.connect({ port: proxy.ports.acceptToV2 });
    await conn.write(header);
    const end = await conn.read(new Uint8Array(1)).catch((error) => error);
    assert(end === null || end instanceof Deno.errors.ConnectionReset, `${end}`);
  },
});
