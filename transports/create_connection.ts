import type { AnyProtocol, Transport } from "../protocols/contract.ts";
import { ConnectTimeoutError } from "../protocols/errors.ts";
import { check, checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { onAbort } from "../protocols/waits/wait_signal.ts";
import type { Carrier } from "./core/carrier.ts";
import { type Connected, connectOver } from "./core/connect_carrier.ts";
import { startTimer } from "./core/clock.ts";
import {
  checkEndpoint,
  CONNECT_PLACE_CHECKS,
  DEFAULT_HOSTNAME,
  type Endpoint,
  formatEndpoint,
} from "./core/addresses.ts";
import { toError } from "./core/error_report.ts";
import { describeEndpointError } from "./core/os_error.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import { SOCKET_CHECKS, type SocketOptions } from "./carriers/socket_options.ts";
import {
  type ResolvedTlsOptions,
  resolveTls,
  TLS_OPTION_CHECKS,
  type TlsOption,
} from "./tls/tls_options.ts";
import { connectSecured } from "./tls/tls_stack.ts";
import { securedBy } from "./networks/secured_by.ts";
import { NETWORK_CHECKS, type NetworkOption } from "./networks/network.ts";
import {
  checkHonoured,
  SPECIAL_CONNECT_CHECKS,
  type SpecialConnectOptions,
} from "./networks/special_options.ts";
import { networkOf } from "./networks/with_network.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";

/**
 * The default of `connectTimeout`, in milliseconds: a lost SYN is sent again after 1, 3, 7 and 15
 * s.
 */
const DEFAULT_CONNECT_TIMEOUT = 30_000;

/** Options for {@linkcode createConnection}: where to connect to, and how. */
export interface ConnectOptions
  extends
    Endpoint,
    NetworkOption,
    SocketOptions,
    SpecialConnectOptions,
    TlsOption,
    TransportOptions {
  /** Gives up when it aborts, with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Gives up after this many milliseconds.
   *
   * @default {30000}
   */
  readonly connectTimeout?: number;
  /**
   * How many milliseconds after one address of a host the next one is tried too (RFC 8305).
   *
   * @default {250}
   */
  readonly happyEyeballsDelay?: number;
  /**
   * Whether a failure tells of each address of the host: by an `AggregateError`, whose `errors`
   * name the address that they are about. By default it tells of one of them.
   *
   * @default {false}
   */
  readonly allErrors?: boolean;
}

/** The checks of {@linkcode ConnectOptions}. */
export const CONNECT_CHECKS: OptionTable<ConnectOptions> = {
  ...CONNECT_PLACE_CHECKS,
  ...NETWORK_CHECKS,
  ...SOCKET_CHECKS,
  ...SPECIAL_CONNECT_CHECKS,
  ...TLS_OPTION_CHECKS,
  ...TRANSPORT_CHECKS,
  signal: check.abortSignal,
  connectTimeout: check.duration(),
  happyEyeballsDelay: check.duration(),
  allErrors: check.flag,
};

/**
 * Connects to a TCP port or a Unix socket: asyncio's `create_connection`.
 *
 * The protocol's `connectionMade` has been called when the promise resolves. Needs `--allow-net`;
 * for a Unix socket `--allow-read --allow-write` as well.
 *
 * @example A client
 * ```ts
 * import { createConnection, createServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer(
 *   () => ({ connectionMade: (transport) => transport.write("welcome") }),
 *   { port: 0 },
 * );
 * const greeting = Promise.withResolvers<string>();
 * const { transport } = await createConnection(
 *   () => ({ dataReceived: (chunk) => greeting.resolve(new TextDecoder().decode(chunk)) }),
 *   { port: server.port },
 * );
 * assertEquals(await greeting.promise, "welcome");
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol, once the connection is there.
 * @param options Where to, and how.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If both or neither of port and path are given.
 * @throws {RangeError} If the port or a limit is out of range.
 * @throws {ConnectTimeoutError} If there was no answer in time.
 * @throws {TlsHandshakeError} If TLS fails; {@linkcode HandshakeTimeoutError} if it takes too long.
 * @throws {NameResolutionError} If the host is not known.
 * @throws {AggregateError} If no address can be reached, with `allErrors`.
 * @throws {Deno.errors.ConnectionRefused} If no program listens there; other failures of the system
 * likewise.
 */
export async function createConnection<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: ConnectOptions,
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect", options, CONNECT_CHECKS);
  checkEndpoint("connect", options);
  const hostname = options.hostname ?? (options.path === undefined ? DEFAULT_HOSTNAME : undefined);
  const tls = resolveTls(options, false, hostname);
  const carrier = await dial(options, tls);
  if (tls === null) return await connectOver(protocolFactory, carrier, options);
  return await connectTls(protocolFactory, carrier, tls, options);
}

/** Makes the handshake, which the signal may cut short. */
async function connectTls<P extends AnyProtocol>(
  protocolFactory: () => P,
  carrier: Carrier,
  tls: ResolvedTlsOptions,
  options: ConnectOptions,
): Promise<Connected<P>> {
  const { signal } = options;
  let bottom: Transport | null = null;
  const stop = onAbort(signal, () => bottom?.abort(toError(signal?.reason)));
  try {
    return await connectSecured(protocolFactory, carrier, tls, options, {
      onMade: (transport) => bottom = transport,
      onClosed: () => {},
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    stop();
  }
}

/** Opens the connection, under the deadline and the signal. */
async function dial(options: ConnectOptions, tls: ResolvedTlsOptions | null): Promise<Carrier> {
  const network = networkOf(options);
  checkHonoured("connect", network, options);
  const source = securedBy(network, tls, options, false);
  const address = formatEndpoint(options);
  const timeoutMs = options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT;
  const deadline = new AbortController();
  const stopTimer = startTimer(timeoutMs, () => deadline.abort());
  const { signal: cancel } = options;
  const signal = cancel ? AbortSignal.any([cancel, deadline.signal]) : deadline.signal;
  try {
    cancel?.throwIfAborted();
    const dialOne = (place: Endpoint, signal: AbortSignal) =>
      source.connect(place, { ...options, signal });
    if (!options.allErrors) return await dialOne(options, signal);
    // Only a program that wants all errors loads what tries the addresses.
    const { dialEach } = await import("./networks/dial_each.ts");
    return await dialEach(network, options, dialOne, signal);
  } catch (error) {
    if (cancel?.aborted) throw cancel.reason;
    if (deadline.signal.aborted) {
      throw new ConnectTimeoutError(address, timeoutMs, { cause: error });
    }
    throw describeEndpointError(error, `Cannot connect to ${address}`, options);
  } finally {
    stopTimer();
  }
}

/** Connects to one place. */
/**
 * Connects to a Unix socket: asyncio's `create_unix_connection`, and {@linkcode createConnection}
 * with a `path`.
 *
 * Needs `--allow-net --allow-read --allow-write`.
 *
 * @example A client
 * ```ts
 * import { createUnixConnection, createUnixServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * // Deno has no Unix sockets on Windows.
 * if (Deno.build.os !== "windows") {
 *   const folder = await Deno.makeTempDir();
 *   const path = `${folder}/greeting.sock`;
 *   const server = await createUnixServer(
 *     () => ({ connectionMade: (transport) => transport.write("welcome") }),
 *     { path },
 *   );
 *   const greeting = Promise.withResolvers<string>();
 *   const { transport } = await createUnixConnection(
 *     () => ({ dataReceived: (chunk) => greeting.resolve(new TextDecoder().decode(chunk)) }),
 *     { path },
 *   );
 *   assertEquals(await greeting.promise, "welcome");
 *   transport.close();
 *   await server.shutdown();
 *   await Deno.remove(folder);
 * }
 * ```
 *
 * @param protocolFactory Makes the protocol, once the connection is there.
 * @param options The path, and how to connect.
 * @returns The transport and the protocol that the factory made.
 * @throws As {@linkcode createConnection}.
 */
export function createUnixConnection<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: ConnectOptions & { readonly path: string },
): Promise<Connected<P>> {
  return createConnection(protocolFactory, options);
}
