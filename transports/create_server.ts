import type { AnyProtocol } from "../protocols/contract.ts";
import { check, checkOptions, given, type OptionTable, show } from "../protocols/option_checks.ts";
import { checkEndpoint, type Endpoint, LISTEN_PLACE_CHECKS } from "./core/addresses.ts";
import { checkIpv6Only } from "./core/ip_address.ts";
import { report, wasReported } from "./core/error_report.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import type { NetworkListener } from "./servers/network_listener.ts";
import { ListeningServer, type Server, type ServerHooks } from "./servers/server.ts";
import { SOCKET_CHECKS, type SocketOptions } from "./carriers/socket_options.ts";
import {
  type ResolvedTlsOptions,
  resolveTls,
  TLS_OPTION_CHECKS,
  type TlsOption,
} from "./tls/tls_options.ts";
import { connectSecured } from "./tls/tls_stack.ts";
import { bindAll } from "./networks/bind.ts";
import { securedBy } from "./networks/secured_by.ts";
import { type ListenPlace, NETWORK_CHECKS, type NetworkOption } from "./networks/network.ts";
import {
  checkHonoured,
  SPECIAL_LISTEN_CHECKS,
  type SpecialListenOptions,
} from "./networks/special_options.ts";
import { inheritedSockets } from "./core/system/inherited_sockets.ts";
import { networkOf } from "./networks/with_network.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";

/** Options for {@linkcode createServer}: where to listen, and how. */
export interface ListenOptions
  extends
    Omit<Endpoint, "hostname">,
    NetworkOption,
    SocketOptions,
    SpecialListenOptions,
    TlsOption,
    TransportOptions {
  /**
   * The host or hosts to listen on; `"0.0.0.0"` and `"::"` mean every address, the latter those of
   * IPv4 as well. A name with several addresses means all of them. With port 0 all get the same
   * port.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string | readonly string[];
  /**
   * How many connections the system queues until they are accepted.
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

/** The checks of {@linkcode ListenOptions}. */
export const LISTEN_CHECKS: OptionTable<ListenOptions> = {
  ...LISTEN_PLACE_CHECKS,
  ...NETWORK_CHECKS,
  ...SOCKET_CHECKS,
  ...SPECIAL_LISTEN_CHECKS,
  ...TLS_OPTION_CHECKS,
  ...TRANSPORT_CHECKS,
  backlog: check.wholeNumber(1),
  reusePort: check.flag,
  startServing: check.flag,
  maxConnections: check.wholeNumberOrInfinity(1),
};

/**
 * Listens on a TCP port, on several hosts if asked to, or on a Unix socket: asyncio's
 * `create_server`.
 *
 * A dead socket file in the way is removed; any other file is not. Needs `--allow-net`; for
 * a Unix socket `--allow-read --allow-write` as well.
 *
 * @example An echo server
 * ```ts
 * import { createConnection, createServer, Protocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.transport.write(chunk);
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
 * @param protocolFactory Makes a protocol for each connection. If it throws, that connection is
 * closed and the exception reported.
 * @param options Where to listen, and how.
 * @returns The server, which accepts already unless `startServing` is `false`.
 * @throws {TypeError} If both or neither of port and path are given.
 * @throws {RangeError} If the port or a limit is out of range.
 * @throws {NameResolutionError} If a host is not known.
 * @throws {Deno.errors.AddrInUse} If another program listens there; other failures of the system
 * likewise.
 */
export async function createServer(
  protocolFactory: () => AnyProtocol,
  options: ListenOptions,
): Promise<Server> {
  checkProtocolFactory(protocolFactory);
  checkOptions("listen", options, LISTEN_CHECKS);
  const server = await bindServer(
    protocolFactory,
    options,
    (listening, hooks) => new ListeningServer(listening, hooks),
  );
  if (options.startServing ?? true) server.startServing();
  return server;
}

/** {@linkcode createServer} with options that were checked, up to where serving begins. */
export async function bindServer<S extends Server>(
  protocolFactory: () => AnyProtocol,
  options: ListenOptions,
  make: (listening: readonly NetworkListener[], hooks: ServerHooks) => S,
): Promise<S> {
  checkPlace(options);
  const tls = resolveTls(options, true);
  return make(await listen(options, tls), {
    connect: (carrier, tracker) => connectSecured(protocolFactory, carrier, tls, options, tracker),
    maxConnections: options.maxConnections,
    report: (error, context) => {
      if (!wasReported(error)) report(options.onError, error, context);
    },
  });
}

/** One place for each host or descriptor that is named. */
function placesOf({ hostname, port, path, fd }: ListenOptions): ListenPlace[] {
  if (fd !== undefined) return inheritedSockets(fd).map((number) => ({ fd: number }));
  const rest = given({ port, path });
  if (hostname === undefined) return [rest];
  if (typeof hostname === "string") return [{ hostname, ...rest }];
  return hostname.map((name) => ({ hostname: name, ...rest }));
}

function checkPlace(options: ListenOptions): void {
  const { fd, hostname, port, path } = options;
  if (fd === undefined) {
    for (const place of placesOf(options)) {
      checkEndpoint("listen", place);
      checkIpv6Only("listen", place.hostname, options.ipv6Only);
    }
    return;
  }
  const others = Object.entries({ hostname, port, path }).filter(([, value]) =>
    value !== undefined
  );
  for (const [name, value] of others) {
    throw new TypeError(`Cannot listen: fd ${show(fd)} given together with ${name} ${show(value)}`);
  }
}

function listen(
  options: ListenOptions,
  tls: ResolvedTlsOptions | null,
): Promise<NetworkListener[]> {
  const network = networkOf(options);
  checkHonoured("listen", network, options);
  const source = securedBy(network, tls, options, true);
  return bindAll(network, placesOf(options), (place) => source.listen(place, options), options);
}

/**
 * Listens on a Unix socket: asyncio's `create_unix_server`, and {@linkcode createServer} with a
 * `path`.
 *
 * The socket file is removed when the server closes, unless another server has replaced it by then.
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A server, and what it leaves behind
 * ```ts
 * import { createUnixServer, Protocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/empty.sock`;
 *   const server = await createUnixServer(() => new Protocol(), { path });
 *   assertEquals(server.addresses, [{ transport: "unix", path }]);
 *   await server.shutdown();
 *   // Nothing: the folder is empty, or this would fail.
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param protocolFactory Makes a protocol for each connection.
 * @param options The path, and how to listen.
 * @returns The server, which accepts already unless `startServing` is `false`.
 * @throws As {@linkcode createServer}.
 */
export function createUnixServer(
  protocolFactory: () => AnyProtocol,
  options: ListenOptions & { readonly path: string },
): Promise<Server> {
  return createServer(protocolFactory, options);
}
