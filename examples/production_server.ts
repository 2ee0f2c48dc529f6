/**
 * An echo server as it runs in production: with limits, a graceful stop on SIGTERM, metrics, and as asked
 * behind HAProxy or in several processes on one port.
 *
 * Each line comes back. Talk to it with `nc 127.0.0.1 8888`; read its metrics with
 * `curl http://127.0.0.1:9090`; stop it with Ctrl-C or `kill`.
 *
 *     deno run --allow-net examples/production_server.ts --port 8888 --metrics 9090
 *     deno task example production_server --port 8888
 *
 * `--proxy` expects HAProxy's PROXY header from every client. `--shared` lets several of these processes
 * listen on one port, and needs `--unstable-net` as well.
 *
 * @module
 */
import { counters, formatAddress, idleTimeout, proxyProtocol, type Server } from "@sluice/net";
import { startServer, type StreamConnection, TrafficTotal, writeStallTimeout } from "@sluice/net";
import { peerOf, readFlags, runProgram, serveHttp, stopRequested } from "./_program.ts";

/** Below the 10 s that Docker waits before it kills, in milliseconds. */
const GRACE_MS = 8_000;

async function echo({ reader, writer, transport, signal }: StreamConnection): Promise<void> {
  // A health check of HAProxy, which then hangs up.
  if (transport.getExtraInfo("proxyHeader")?.command === "local") return;
  const peer = peerOf(transport);
  void transport.closed.then(({ endedBy, error, bytesRead }) => {
    console.log(`${peer} ended by ${endedBy}, ${bytesRead} bytes${error ? `: ${error}` : ""}`);
  });
  // An exception when the server shuts down, which closes the connection in good order.
  while (true) {
    const line = await reader.readline({ signal });
    if (line.length === 0) return;
    writer.write(line);
    await writer.drain({ signal });
  }
}

/** Serves a page for Prometheus. */
function serveMetrics(port: number, server: Server, total: TrafficTotal): AsyncDisposable {
  const page = () =>
    `echo_connections ${server.connections.size}\n` +
    `echo_received_bytes_total ${total.received.bytes}\n` +
    `echo_sent_bytes_total ${total.sent.bytes}\n`;
  return serveHttp(
    { hostname: "127.0.0.1", port },
    (address) => console.log(`metrics on http://127.0.0.1:${address.port}`),
    () => new Response(page()),
  );
}

await runProgram(async () => {
  const { metrics, proxy, shared, ...endpoint } = readFlags({
    port: 8888,
    metrics: 0,
    proxy: false,
    shared: false,
  });
  const total = new TrafficTotal();
  await using server = await startServer(echo, {
    ...endpoint,
    ...(shared && { reusePort: true }),
    maxConnections: 1000,
    maxWriteBuffer: 1_048_576,
    layers: [
      ...(proxy ? [proxyProtocol()] : []),
      writeStallTimeout({ timeout: 30_000 }),
      idleTimeout({ timeout: 300_000 }),
      counters({ total }),
    ],
    onError: (error, { callback }) => console.error(`${callback}: ${error.message}`),
  });
  await using _page = metrics === 0 ? null : serveMetrics(metrics, server, total);
  console.log(`listening on ${server.addresses.map(formatAddress).join(", ")}`);
  console.log("stop with Ctrl-C");

  await stopRequested();
  console.log(`stopping, ${server.connections.size} connections to close`);
  const { finished, aborted } = await server.shutdown({ grace: GRACE_MS });
  console.log(`${finished} connections finished, ${aborted} were cut off`);
});
