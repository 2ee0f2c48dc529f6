/**
 * An echo server for production: with limits, a graceful stop on SIGTERM, metrics, and options to
 * run behind HAProxy or in several processes on one port.
 *
 * Each line comes back. Talk to it with `nc 127.0.0.1 8888`; read its metrics with
 * `curl http://127.0.0.1:9090`; stop it with Ctrl-C or `kill`.
 *
 *     deno run --allow-net examples/production_server.ts --port 8888 --metrics 9090
 *     deno task example production_server --port 8888
 *
 * `--proxy` expects HAProxy's PROXY header from every client. `--shared` lets several of these
 * processes listen on one port, and needs `--unstable-net` as well.
 *
 * @module
 */
import { formatAddress, idleTimeout, type Server } from "@sluice/net";
import { counters, proxyProtocol } from "@sluice/net/layers";
import { startServer, type StreamConnection, writeStallTimeout } from "@sluice/net";
import { TrafficTotal } from "@sluice/net/layers";
import { listenFlags, readFlags, toPort } from "./_flags.ts";
import { count, peerOf, runProgram, serveHttp, stopLine } from "./_program.ts";

async function echo({ reader, writer, transport }: StreamConnection): Promise<void> {
  // A health check of HAProxy, which then hangs up.
  if (transport.getExtraInfo("proxyHeader")?.command === "local") return;
  const peer = peerOf(transport);
  void transport.closed.then(({ endedBy, error, bytesRead }) => {
    console.log(`${peer} ended by ${endedBy}, ${bytesRead} bytes${error ? `: ${error}` : ""}`);
  });
  // An exception when the server shuts down, which closes the connection in good order.
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
}

/** Serves a page for Prometheus. */
function serveMetrics(port: number, server: Server, total: TrafficTotal): AsyncDisposable {
  const page = () =>
    `echo_connections ${server.connections.size}\n` +
    `echo_received_bytes_total ${total.received.bytes}\n` +
    `echo_sent_bytes_total ${total.sent.bytes}\n`;
  return serveHttp(
    { hostname: "127.0.0.1", port, flag: "metrics" },
    (address) => console.log(`metrics on http://127.0.0.1:${address.port}`),
    () => new Response(page()),
  );
}

await runProgram(async () => {
  const { metrics, proxy, shared, grace, ...endpoint } = readFlags({
    ...listenFlags(8888),
    metrics: [undefined, "the port of a page for Prometheus (default: no page)", toPort],
    proxy: [false, "expect the PROXY header of HAProxy from every client"],
    shared: [false, "let several of these processes listen on one port"],
    grace: [1500, "how long clients have to finish at the end, in milliseconds"],
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
  await using _page = metrics === undefined ? null : serveMetrics(metrics, server, total);
  const onSignal = () => console.log(stopLine(server.connections.size));
  // Before it says that it is ready: the one who started it may end it at once.
  const serving = server.serveUntilSignal({ grace, onSignal });
  console.log(`listening on ${server.addresses.map(formatAddress).join(", ")}`);
  console.log("stop with Ctrl-C");
  const { finished, aborted } = await serving;
  console.log(`${count(finished, "connection")} finished, ${aborted} were cut off`);
});
