import type { AnyProtocol } from "../../protocols/contract.ts";
import { connectCarrier, type Connected } from "../core/connect_carrier.ts";
import type { ConnectionTracker } from "../servers/connection_tracker.ts";
import { SocketCarrier } from "../carriers/socket_carrier.ts";
import type { SocketOptions } from "../carriers/socket_options.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";
import { nativeHandshake } from "./_native_handshake.ts";
import { NativeTlsCarrier } from "./_native_tls.ts";
import { TlsCarrier } from "./_tls_carrier.ts";
import { nativeObstacle, type ResolvedTlsOptions } from "./tls_options.ts";

/**
 * Which engine does what is asked for.
 *
 * @param isTcp Whether the bytes go over plain TCP.
 * @param isAccepting Whether the connections are accepted; the native engine makes the handshake of that end only.
 * @param sockets What a server asks for its sockets; those of a client are told before TLS begins.
 * @throws {TypeError} If the native engine is asked for and cannot do it.
 */
export function chooseTlsEngine(
  options: ResolvedTlsOptions,
  isTcp: boolean,
  isAccepting: boolean,
  sockets: SocketOptions = {},
): "native" | "layer" {
  const obstacle = findObstacle(options, isTcp, isAccepting, sockets);
  if (options.engine !== "native") {
    // Deno cannot set TCP_NODELAY on a TLS connection that it accepted, and it is what everybody gets by default.
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

/** Makes a connection of a socket whose TLS is Deno's own, or ours, or that has none. */
export function connectSocketCarrier<P extends AnyProtocol>(
  protocolFactory: () => P,
  conn: Deno.Conn,
  tls: ResolvedTlsOptions | null,
  options: TransportOptions,
  tracker?: ConnectionTracker,
): Promise<Connected<P>> {
  if (tls === null || !isTlsConn(conn)) {
    const stacked = tls === null ? options : withTlsLayer(options, { ...tls, engine: "layer" });
    return connectCarrier(protocolFactory, new SocketCarrier(conn), stacked, tracker);
  }
  const carrier = new NativeTlsCarrier(conn, tls);
  const stacked = below(options, nativeHandshake(carrier, tls.handshakeTimeout));
  return connectCarrier(protocolFactory, carrier, stacked, tracker);
}

/** Puts Deno's own TLS on a socket that was just connected. The handshake is still to be made. */
export function startNativeTls(conn: Deno.TcpConn, tls: ResolvedTlsOptions): Promise<Deno.TlsConn> {
  const { serverName, caCerts, alpnProtocols } = tls;
  return Deno.startTls(conn, {
    ...(serverName !== undefined && { hostname: serverName }),
    ...(caCerts && { caCerts: [...caCerts] }),
    ...(alpnProtocols && { alpnProtocols: [...alpnProtocols] }),
  });
}

function below<O extends TransportOptions>(options: O, layer: LayerFactory): O {
  return { ...options, layers: [layer, ...options.layers ?? []] };
}

function isTlsConn(conn: Deno.Conn): conn is Deno.TlsConn {
  return "handshake" in conn;
}
