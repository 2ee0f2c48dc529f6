import type { AnyProtocol } from "../protocols/contract.ts";
import { fromDenoAddr } from "./core/addresses.ts";
import {
  checkEndpoint,
  checkOptions,
  DEFAULT_HOSTNAME,
  type Endpoint,
  formatEndpoint,
} from "./core/endpoint.ts";
import { report, wasReported } from "./core/error_report.ts";
import { describeEndpointError } from "./core/os_error.ts";
import { checkProtocolFactory } from "./core/protocol_factory.ts";
import { type Listening, Server } from "./servers/server.ts";
import { applySocketOptions, type SocketOptions } from "./carriers/socket_options.ts";
import { type ResolvedTlsOptions, resolveTls, type TlsOption } from "./tls/tls_options.ts";
import { chooseTlsEngine, connectSocketCarrier } from "./tls/tls_stack.ts";
import { checkTransportOptions, type TransportOptions } from "./core/transport_options.ts";
import { listenUnix } from "./servers/unix_listener.ts";

/** Where to listen, and how. */
export interface ListenOptions
  extends Omit<Endpoint, "hostname">, SocketOptions, TlsOption, TransportOptions {
  /**
   * The host or hosts to listen on; `"0.0.0.0"` and `"::"` mean every address.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string | readonly string[];
  /**
   * How many connections the system keeps waiting until they are accepted.
   *
   * @default {511}
   */
  readonly backlog?: number;
  /**
   * Lets several processes listen on the same port. Needs `deno run --unstable-net`.
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
  /**
   * Begins to accept at once. Without it the system already takes connections into the backlog,
   * where they wait for `startServing()`.
   *
   * @default {true}
   */
  readonly startServing?: boolean;
  /** The most connections at a time; further ones wait in the backlog. No limit by default. */
  readonly maxConnections?: number;
}

/**
 * Listens on a TCP port, on several hosts if asked to, or on a Unix socket: asyncio's `create_server`.
 *
 * A dead socket file in the way is removed; what else stands there is not. Needs `--allow-net`; for
 * a Unix socket `--allow-read --allow-write` as well.
 *
 * @example An echo server
 * ```ts
 * import { createConnection, createServer, Protocol, type Transport } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   #transport?: Transport;
 *   override connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.#transport?.write(chunk);
 *   }
 * }
 *
 * await using server = await createServer(() => new Echo(), { port: 0 });
 * const echoed = Promise.withResolvers<string>();
 * const { transport } = await createConnection(
 *   () => ({ dataReceived: (chunk) => echoed.resolve(new TextDecoder().decode(chunk)) }),
 *   { port: server.port },
 * );
 * transport.write("hello");
 * assertEquals(await echoed.promise, "hello");
 * transport.close();
 * ```
 *
 * @param protocolFactory Makes a protocol for each connection. If it throws, that connection is closed
 * and the exception reported.
 * @param options Where to listen, and how.
 * @returns The server, which accepts already unless `startServing` is `false`.
 * @throws {TypeError} If both or neither of port and path are given.
 * @throws {RangeError} If the port or a limit is out of range.
 * @throws {NameResolutionError} If a host is not known.
 * @throws {Deno.errors.AddrInUse} If somebody listens there; other failures of the system likewise.
 */
export async function createServer(
  protocolFactory: () => AnyProtocol,
  options: ListenOptions,
): Promise<Server> {
  checkProtocolFactory(protocolFactory);
  checkOptions("listen", options);
  checkListenOptions(options);
  const tls = resolveTls(options, true);
  const server = new Server(await listen(options, tls), {
    connect: (conn, tracker) => {
      applySocketOptions(conn, options);
      return connectSocketCarrier(protocolFactory, conn, tls, options, tracker);
    },
    maxConnections: options.maxConnections,
    report: (error, context) => {
      if (!wasReported(error)) report(options.onError, error, context);
    },
  });
  if (options.startServing ?? true) server.startServing();
  return server;
}

function checkListenOptions(options: ListenOptions): void {
  for (const endpoint of endpointsOf(options)) checkEndpoint("listen", endpoint, 0);
  checkTransportOptions(options);
  const { backlog, maxConnections } = options;
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`Cannot listen: backlog ${backlog} is not a whole number above 0`);
  }
  if (maxConnections !== undefined && !(maxConnections > 0)) {
    throw new RangeError(`Cannot listen: maxConnections ${maxConnections} is not above 0`);
  }
}

/** One endpoint for each host that is named. */
function endpointsOf({ hostname, port, path }: ListenOptions): Endpoint[] {
  const rest = { ...(port !== undefined && { port }), ...(path !== undefined && { path }) };
  if (hostname === undefined) return [rest];
  if (typeof hostname === "string") return [{ hostname, ...rest }];
  if (hostname.length === 0) throw new TypeError("Cannot listen: the list of hostnames is empty");
  return hostname.map((name) => ({ hostname: name, ...rest }));
}

/** Binds every endpoint, or none. */
async function listen(
  options: ListenOptions,
  tls: ResolvedTlsOptions | null,
): Promise<Listening[]> {
  const listening: Listening[] = [];
  try {
    for (const endpoint of endpointsOf(options)) {
      listening.push(await listenOn(endpoint, options, tls));
    }
  } catch (error) {
    for (const { listener } of listening) listener.close();
    throw error;
  }
  return listening;
}

async function listenOn(
  endpoint: Endpoint,
  options: ListenOptions,
  tls: ResolvedTlsOptions | null,
): Promise<Listening> {
  const { path, hostname = DEFAULT_HOSTNAME, port = 0 } = endpoint;
  try {
    const native = tls === null ? null : nativeListenOptions(tls, path === undefined, options);
    const listener = path !== undefined
      ? await listenUnix(path)
      : native === null
      ? Deno.listen({ hostname, port, ...tcpOptions(options) })
      : Deno.listenTls({ hostname, port, ...tcpOptions(options), ...native });
    return {
      listener,
      address: fromDenoAddr(listener.addr) ?? { transport: "tcp", hostname, port },
    };
  } catch (error) {
    throw describeEndpointError(error, `Cannot listen on ${formatEndpoint(endpoint)}`, endpoint);
  }
}

/** What Deno's own TLS is to be told, if it is used. */
function nativeListenOptions(
  tls: ResolvedTlsOptions,
  isTcp: boolean,
  sockets: SocketOptions,
): { cert: string; key: string; alpnProtocols: string[] } | null {
  if (chooseTlsEngine(tls, isTcp, true, sockets) === "layer") return null;
  const { cert = "", key = "", alpnProtocols = [] } = tls;
  return { cert, key, alpnProtocols: [...alpnProtocols] };
}

function tcpOptions(options: ListenOptions): { tcpBacklog?: number; reusePort?: boolean } {
  // Without the flag Deno does not throw but ends the process; the flag shows by what else it turns on.
  if (options.reusePort && !("listenDatagram" in Deno)) {
    throw new TypeError("Cannot listen: reusePort needs deno run --unstable-net");
  }
  return {
    ...(options.backlog !== undefined && { tcpBacklog: options.backlog }),
    ...(options.reusePort && { reusePort: true }),
  };
}
