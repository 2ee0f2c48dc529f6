import type { Address } from "./address.ts";
import type { PeerCertificate, TlsCipher } from "./peer_certificate.ts";
import type { ProxyHeader } from "./proxy_header.ts";
import type { TrafficCounters } from "./traffic_counters.ts";

/**
 * The names that `Transport.getExtraInfo` knows, and the type of each. A carrier or a layer of your
 * own may add to them:
 *
 * ```ts ignore
 * declare module "@sluice/net/protocols" {
 *   interface ExtraInfo {
 *     serialNumber: string;
 *   }
 * }
 * ```
 */
export interface ExtraInfo {
  /** The address of the other end. */
  peername: Address;
  /** The address of this end. */
  sockname: Address;
  /** The traffic so far, where a `counters` layer counts it. */
  counters: TrafficCounters;
  /** The format that a `compression` layer compresses with. */
  compression: string;
  /**
   * The time of the `idleTimeout` layer, in milliseconds, which may be set: see `setIdleTimeout`.
   */
  idleTimeout: { timeout: number };
  /** The object that carries the bytes at the bottom of the stack: a `Deno.Conn` for a socket. */
  socket: object;
  /**
   * The engine that encrypts a TLS connection: Deno's own TLS, or a layer over any transport, with
   * more features.
   */
  tlsEngine: "native" | "layer";
  /** The version of TLS. Not known of the native engine. */
  tlsVersion: "TLSv1.2" | "TLSv1.3";
  /** The application protocol that both ends agreed on (ALPN). */
  alpnProtocol: string;
  /** How a TLS connection is encrypted. Not known of the native engine. */
  cipher: TlsCipher;
  /** The certificate that the peer showed. Not known of the native engine. */
  peercert: PeerCertificate;
  /**
   * Whether the peer showed a certificate that verifies; `true` for a peer that was not asked for
   * one.
   */
  authorized: boolean;
  /** Why the peer's certificate does not verify, as a code such as `"CERT_HAS_EXPIRED"`. */
  authorizationError: string;
  /** The name that the client asked for (SNI). Not known of the native engine on a server. */
  serverName: string;
  /**
   * The object of the TLS engine: a `Deno.TlsConn`, or a `TLSSocket` of node:tls, to look things up
   * in.
   */
  sslObject: object;
  /** The subprotocol that both ends of a WebSocket agreed on; empty if none. */
  subprotocol: string;
  /** The process id, of a connection over a process. */
  pid: number;
  /**
   * The object of that process: a `Deno.ChildProcess`, or a `ChildProcess` of
   * node:child_process.
   */
  subprocess: object;
  /** The pipe that the connection was made of. */
  pipe: unknown;
  /** How that process ended; not known while it runs. */
  exitStatus: ProcessExit;
  /** The facts that a proxy gave of the connection that it passes on, see `proxyProtocol`. */
  proxyHeader: ProxyHeader;
  /** The address of the proxy, if `peername` is that of its client. */
  proxyPeername: Address;
  /**
   * The address of this end as the proxy sees it, where `sockname` is the one that the client
   * connected to.
   */
  proxySockname: Address;
}

/** The type of the extra info named `K`. */
export type ExtraInfoValue<K extends keyof ExtraInfo> = ExtraInfo[K];

/** How a process ended. */
export interface ProcessExit {
  /** Whether the code is 0. */
  readonly success: boolean;
  /** The exit code; 128 and the number of the signal for one that a signal ended. */
  readonly code: number;
  /** The signal that ended it, such as `"SIGTERM"`; `null` if none did. */
  readonly signal: string | null;
}
