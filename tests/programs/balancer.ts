/** Takes TLS from clients and passes them on to the backend with the fewest connections. */
import {
  type Address,
  openConnection,
  relay,
  startServer,
  type StreamConnection,
  type TlsOptions,
} from "@sluice/net";
import { sendProxyProtocol } from "@sluice/net/layers";
import type { StreamServer } from "@sluice/net/streams";

/** Where clients are passed on to. */
class Backend {
  readonly port: number;
  isUp = true;
  connections = 0;
  bytes = 0;

  constructor(port: number) {
    this.port = port;
  }

  /** Connects, to look whether that can be done. */
  async check(timeout: number): Promise<void> {
    try {
      const probe = await openConnection({ port: this.port, connectTimeout: timeout });
      this.isUp = true;
      await probe.close();
    } catch {
      this.isUp = false;
    }
  }

  /** Passes a client on until one of the ends is over. */
  async serve(client: StreamConnection, source: Address): Promise<void> {
    this.connections++;
    try {
      const backend = await openConnection({
        port: this.port,
        connectTimeout: 2000,
        layers: [sendProxyProtocol({ source })],
      });
      const report = await relay(client, backend);
      this.bytes += report.forward.bytes + report.backward.bytes;
    } finally {
      this.connections--;
    }
  }
}

/** Options of the balancer. */
export interface BalancerOptions {
  readonly port: number;
  readonly backends: readonly number[];
  readonly tls: TlsOptions;
  readonly maxPerClient: number;
  readonly checkEvery: number;
}

/** Serves until the server is shut down. */
export async function serveBalancer(options: BalancerOptions): Promise<StreamServer> {
  const backends = options.backends.map((port) => new Backend(port));
  const clients = new Map<string, number>();
  const server = await startServer(async (connection) => {
    const peer = connection.transport.getExtraInfo("peername");
    const host = peer !== null && "hostname" in peer ? peer.hostname : "";
    const count = clients.get(host) ?? 0;
    // Before anything is spent on a handshake.
    if (peer === null || count >= options.maxPerClient) return connection.transport.abort();
    clients.set(host, count + 1);
    try {
      await connection.startTls(options.tls);
      await passOn(connection, peer, backends);
    } finally {
      clients.set(host, (clients.get(host) ?? 1) - 1);
    }
  }, { port: options.port, maxConnections: 1000 });
  const timer = setInterval(() => {
    for (const backend of backends) void backend.check(options.checkEvery);
  }, options.checkEvery);
  server.signal.addEventListener("abort", () => clearInterval(timer));
  return server;
}

/** Tries the backends, the least busy one first. */
async function passOn(client: StreamConnection, peer: Address, all: Backend[]): Promise<void> {
  const byLoad = all.toSorted((a, b) => a.connections - b.connections);
  for (const backend of byLoad.filter(({ isUp }) => isUp)) {
    try {
      return await backend.serve(client, peer);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      backend.isUp = false;
    }
  }
  client.transport.abort();
}

if (import.meta.main) {
  const [cert = "", key = "", ...backends] = Deno.args;
  const server = await serveBalancer({
    port: 8443,
    backends: backends.map(Number),
    tls: { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) },
    maxPerClient: 20,
    checkEvery: 5000,
  });
  await server.serveUntilSignal();
}
