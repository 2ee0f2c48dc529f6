import type { AnyProtocol } from "../../protocols/contract.ts";
import type { Carrier, SecureCarrier } from "../core/carrier.ts";
import { type Connected, connectOver } from "../core/connect_carrier.ts";
import type { ConnectionTracker } from "../core/connection_tracker.ts";
import type { SocketOptions } from "../carriers/socket_options.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";
import { nativeHandshake } from "./_native_handshake.ts";
import { NativeTlsCarrier } from "./_native_tls.ts";
import { TlsCarrier } from "./_tls_carrier.ts";
import { trustsServerItself } from "./certificates/server_identity.ts";
import { nativeObstacle, type ResolvedTlsOptions } from "./tls_options.ts";

/**
 * Chooses the engine that can do all that the options ask for.
 *
 * @param isTcp Whether the bytes go over plain TCP.
 * @param isAccepting Whether the connections are accepted; the native engine makes the handshake of
 * that end only.
 * @param sockets What a server asks for its sockets; those of a client are told before TLS begins.
 * @throws {TypeError} If the native engine is asked for and cannot do it.
 */
export function chooseTlsEngine(
  options: ResolvedTlsOptions,
  isTcp: boolean,
  isAccepting: boolean,
  sockets: SocketOptions = {},
): "native" | "layer" {
  // webpki, which the native engine verifies with, takes no authority for a server.
  if (!options.serverSide && trustsServerItself(options)) return "layer";
  const obstacle = findObstacle(options, isTcp, isAccepting, sockets);
  if (options.engine !== "native") {
    // Deno cannot set TCP_NODELAY on a TLS connection that it accepted, which is the default.
    const isLate = options.serverSide && (sockets.noDelay ?? true);
    return options.engine ?? (obstacle === null && !isLate ? "native" : "layer");
  }
  if (obstacle === null) return "native";
  throw new TypeError(`Cannot use TLS: the native engine does not know ${obstacle}`);
}

/** Why the native engine cannot do it; `null` if it can. */
function findObstacle(
  options: ResolvedTlsOptions,
  isTcp: boolean,
  isAccepting: boolean,
  sockets: SocketOptions,
): string | null {
  if (!isTcp) return "any carrier but TCP";
  if (options.serverSide !== isAccepting) return "the other end's part of the handshake";
  return nativeObstacle(options, sockets);
}

/** Options with TLS nearest the wire, below the other layers; as they are without TLS. */
export function withTlsLayer<O extends TransportOptions>(
  options: O,
  tls: ResolvedTlsOptions | null,
): O {
  if (tls === null) return options;
  chooseTlsEngine(tls, false, false);
  return below(options, (upper, transport) => new TlsCarrier(tls, upper, transport));
}

/**
 * Makes a connection over a carrier: with TLS as a layer, or with the handshake of a carrier that
 * encrypts by itself, or without TLS.
 */
export function connectSecured<P extends AnyProtocol>(
  protocolFactory: () => P,
  carrier: Carrier,
  tls: ResolvedTlsOptions | null,
  options: TransportOptions,
  tracker?: ConnectionTracker,
): Promise<Connected<P>> {
  if (tls === null) return connectOver(protocolFactory, carrier, options, tracker);
  const stacked = isSecure(carrier)
    ? below(options, nativeHandshake(carrier, tls.handshakeTimeout))
    : withTlsLayer(options, { ...tls, engine: "layer" });
  return connectOver(protocolFactory, carrier, stacked, tracker);
}

function isSecure(carrier: Carrier): carrier is SecureCarrier {
  return "handshake" in carrier;
}

/** A TLS socket of Deno's, before its handshake. */
export function secureCarrier(conn: Deno.TlsConn, tls: ResolvedTlsOptions): SecureCarrier {
  return new NativeTlsCarrier(conn, tls);
}

/**
 * Puts Deno's own TLS on a socket that was just connected. The handshake is still to be made.
 *
 * @throws {TypeError} If the engine refuses the options; the socket is closed then.
 */
export async function startNativeTls(
  conn: Deno.TcpConn,
  tls: ResolvedTlsOptions,
): Promise<Deno.TlsConn> {
  const { serverName, caCerts, alpnProtocols } = tls;
  try {
    return await Deno.startTls(conn, {
      ...(serverName !== undefined && { hostname: serverName }),
      ...(caCerts && { caCerts: [...caCerts] }),
      ...(alpnProtocols && { alpnProtocols: [...alpnProtocols] }),
    });
  } catch (error) {
    conn.close();
    throw refusedByEngine(error);
  }
}

/**
 * Listens with Deno's own TLS.
 *
 * @param place The address, and the socket options that Deno takes.
 * @throws {TypeError} If the engine refuses the certificate or the key.
 * @throws The error of the system if the address cannot be bound.
 */
export function listenNativeTls(
  place: Deno.ListenOptions,
  { cert = "", key = "", alpnProtocols = [] }: ResolvedTlsOptions,
): Deno.TlsListener {
  try {
    return Deno.listenTls({ ...place, cert, key, alpnProtocols: [...alpnProtocols] });
  } catch (error) {
    throw refusedByEngine(error);
  }
}

/** A failure that is not the system's: a plain error, which is about the options for TLS. */
function refusedByEngine(error: unknown): unknown {
  const isPlain = error instanceof Error && error.constructor === Error && !("code" in error);
  const isLookup = isPlain && error.message.includes("lookup");
  if (!isPlain || isLookup) return error;
  return new TypeError(`Cannot use TLS: the native engine says "${error.message}"`, {
    cause: error,
  });
}

function below<O extends TransportOptions>(options: O, layer: LayerFactory): O {
  return { ...options, layers: [layer, ...options.layers ?? []] };
}
