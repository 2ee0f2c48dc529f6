import type { Server as NodeServer } from "node:http";
import type { Http2Server } from "node:http2";
import { checkOptions, given, type OptionTable } from "../../protocols/option_checks.ts";
import { createServer, LISTEN_CHECKS, type ListenOptions } from "../../transports/create_server.ts";
import type { Server } from "../../transports/servers/server.ts";
import { type FetchHandler, HTTP_CHECKS, type HttpOptions } from "./http_options.ts";
import { HttpService } from "./http_service.ts";

/** Options for {@linkcode serveHttp}: where to listen, how, and the limits of HTTP. */
export interface ServeHttpOptions extends HttpOptions, ListenOptions {}

const CHECKS: OptionTable<ServeHttpOptions> = { ...LISTEN_CHECKS, ...HTTP_CHECKS };

/**
 * Serves HTTP with everything that a server of this library has: TLS with its checks and client
 * certificates, Unix sockets, networks, layers such as `proxyProtocol` and `capture`, limits.
 *
 * The handler is that of `Deno.serve` and of frameworks on the Web standards: from a `Request` to a
 * `Response`. Bodies are streamed in both directions with back-pressure; `request.signal` aborts
 * when the client goes away. One that ends its data has gone, as for `Deno.serve`. Or give a server
 * of node:http that listens nowhere, with a framework on it:
 * `serveHttp(http.createServer(app), { port: 80 })`.
 *
 * `shutdown()` of the server ends connections without a request at once; the others get an answer
 * with `Connection: close`, and the grace for it.
 *
 * @example Over TLS, for clients with a certificate
 * ```ts
 * import { serveHttp } from "@sluice/net/node";
 * import { assertEquals } from "@std/assert";
 *
 * const read = (name: string) => Deno.readTextFile(`examples/certificates/${name}`);
 * const [cert, key, ca] = [
 *   await read("localhost.crt"),
 *   await read("localhost.key"),
 *   await read("ca.crt"),
 * ];
 * await using server = await serveHttp(
 *   (_request, { peerCertificate }) => new Response(`hello, ${peerCertificate?.subject.CN}`),
 *   { port: 0, tls: { cert, key, caCerts: [ca], requestCert: true } },
 * );
 *
 * using client = Deno.createHttpClient({
 *   caCerts: [ca],
 *   cert: await read("client.crt"),
 *   key: await read("client.key"),
 * });
 * const response = await fetch(`https://localhost:${server.port}/`, { client });
 * assertEquals(await response.text(), "hello, Ada Lovelace");
 * ```
 *
 * @param handler Answers requests.
 * @param options Where to listen, how, and the limits of HTTP.
 * @returns The server, which accepts already unless `startServing` is `false`.
 * @throws {TypeError} If the handler is none. Otherwise as `createServer`.
 */
export async function serveHttp(
  handler: FetchHandler | NodeServer | Http2Server,
  options: ServeHttpOptions,
): Promise<Server> {
  checkOptions("serve HTTP", options, CHECKS);
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize, ...rest } = options;
  const http = { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize };
  const service = new HttpService(handler, given({ ...http, onError: options.onError }));
  const server: Server = await createServer(
    () => ({ connectionMade: (transport) => server.track(service.serve(transport)) }),
    { ...rest, startServing: false },
  );
  server.signal.addEventListener("abort", () => service.stop());
  if (options.startServing ?? true) server.startServing();
  return server;
}
