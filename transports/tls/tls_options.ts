import type { SocketOptions } from "../carriers/socket_options.ts";
import { checkTimeout } from "../core/timeouts.ts";

/** The default of `handshakeTimeout`, in milliseconds: asyncio's. */
export const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;

/**
 * The default of `shutdownTimeout`, in milliseconds. A peer answers within one round trip; this leaves room for two lost
 * packets. asyncio's 30 s would hold up every close of a connection whose peer never answers.
 */
export const DEFAULT_SHUTDOWN_TIMEOUT = 5000;

/** What `close()` reads and drops at most while it waits for the peer to end, in bytes. */
export const MOST_DROPPED = 1_048_576;

/** A version of TLS. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** A certificate and the key that belongs to it. */
export interface TlsCertificate {
  /** The certificate as PEM, followed by those between it and the authority's. */
  readonly cert: string;
  /** The private key as PEM. */
  readonly key: string;
}

/** How a connection is encrypted. One type for both ends; what concerns the other end only is ignored. */
export interface TlsOptions {
  /** Our certificate as PEM. A server needs one; a client shows it to a server that asks. */
  readonly cert?: string;
  /** The private key of `cert`, as PEM. */
  readonly key?: string;
  /** Server: several certificates. The first that bears the name the client asks for is shown, else the first. */
  readonly certificates?: readonly TlsCertificate[];
  /**
   * Server: called in each handshake with the name that the client asks for, `null` if it names none. It answers
   * with the certificate to show; with `null` for `cert` or `certificates`. As it is asked each time, a certificate
   * can be renewed without a restart.
   */
  readonly sniCallback?: (
    serverName: string | null,
  ) => TlsCertificate | null | Promise<TlsCertificate | null>;
  /**
   * Certificates of authorities, as PEM. A client trusts them besides those that Deno trusts by default; a
   * server that asks for certificates trusts no others.
   */
  readonly caCerts?: readonly string[];
  /** The application protocols, the preferred one first (ALPN). */
  readonly alpnProtocols?: readonly string[];
  /**
   * Client: the name or IP address that the server's certificate has to bear.
   *
   * @default {hostname}
   */
  readonly serverName?: string;
  /**
   * Server: whether to ask clients for a certificate.
   *
   * @default {false}
   */
  readonly requestCert?: boolean;
  /**
   * Whether to refuse a peer whose certificate does not verify, or that has none though one was asked for. If not, see
   * the extra info `authorized` and `authorizationError`.
   *
   * @default {true}
   */
  readonly rejectUnauthorized?: boolean;
  /**
   * The oldest version to speak.
   *
   * @default {"TLSv1.2"}
   */
  readonly minVersion?: TlsVersion;
  /**
   * The newest version to speak.
   *
   * @default {"TLSv1.3"}
   */
  readonly maxVersion?: TlsVersion;
  /**
   * After how many milliseconds without a complete handshake the connection is given up.
   *
   * @default {60000}
   */
  readonly handshakeTimeout?: number;
  /**
   * How many milliseconds `close()` gives the peer to answer the end of our data with the end of its own, and
   * the system to send the last of ours.
   *
   * @default {5000}
   */
  readonly shutdownTimeout?: number;
  /**
   * What does the work: `"native"`, Deno's own TLS, takes less CPU time but knows neither client certificates,
   * `certificates`, `sniCallback`, versions nor any carrier but TCP, nor `noDelay` and `keepAlive` on a server;
   * `"layer"` stands on any transport.
   *
   * By default native where it can do all that is asked for. A server asks for `noDelay` unless it says
   * `noDelay: false`, so it gets the layer: without, the first answer on a connection and every second
   * flush wait for the peer's acknowledgement, which may take 40 ms. See the extra info `tlsEngine`.
   */
  readonly engine?: "native" | "layer";
  /** Which end of the handshake this is. By default a server when it accepts, else a client. */
  readonly serverSide?: boolean;
}

/** What says that a connection is to be encrypted. */
export interface TlsOption {
  /** Encrypts the connection; `true` stands for the defaults, which are enough for a client. */
  readonly tls?: true | TlsOptions;
}

/** {@linkcode TlsOptions} of one end of one connection, with nothing left open. */
export interface ResolvedTlsOptions extends TlsOptions {
  readonly serverSide: boolean;
  readonly handshakeTimeout: number;
  readonly shutdownTimeout: number;
  readonly rejectUnauthorized: boolean;
}

/**
 * Fills in the defaults, and throws for options that cannot be meant, before anything is opened.
 *
 * @param tls What the user gave.
 * @param serverSide Which end it is by default.
 * @param hostname The host to connect to, whose name the certificate has to bear.
 * @throws {TypeError} If something is missing, or the native engine is asked for what it cannot do.
 * @throws {RangeError} If a timeout is not above zero.
 */
export function resolveTlsOptions(
  tls: true | TlsOptions,
  serverSide: boolean,
  hostname?: string,
): ResolvedTlsOptions {
  const given: TlsOptions = tls === true ? {} : tls;
  const serverName = given.serverName ?? hostname;
  const options: ResolvedTlsOptions = {
    ...given,
    ...(serverName !== undefined && { serverName }),
    serverSide: given.serverSide ?? serverSide,
    handshakeTimeout: given.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT,
    shutdownTimeout: given.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT,
    rejectUnauthorized: given.rejectUnauthorized ?? true,
  };
  checkTimeout("handshakeTimeout", options.handshakeTimeout);
  checkTimeout("shutdownTimeout", options.shutdownTimeout);
  checkCertificates(options);
  checkVersions(options);
  if (!options.serverSide && options.rejectUnauthorized && !options.serverName) {
    throw new TypeError("Cannot use TLS: a client needs serverName where there is no hostname");
  }
  return options;
}

/** {@linkcode resolveTlsOptions} of what was given; `null` if it was nothing. */
export function resolveTls(
  { tls }: TlsOption,
  serverSide: boolean,
  hostname?: string,
): ResolvedTlsOptions | null {
  return tls === undefined ? null : resolveTlsOptions(tls, serverSide, hostname);
}

/** What the native engine cannot do of what is asked for by name; `null` if it can do everything. */
export function nativeObstacle(
  options: ResolvedTlsOptions,
  { noDelay, keepAlive }: SocketOptions,
): string | null {
  const { serverSide, minVersion, maxVersion } = options;
  if (minVersion === "TLSv1.3" || maxVersion === "TLSv1.2") return "a choice of versions";
  if (!options.rejectUnauthorized) return "rejectUnauthorized: false";
  if (!serverSide) return options.cert === undefined ? null : "a client certificate";
  if (options.requestCert) return "requestCert";
  if (options.sniCallback) return "sniCallback";
  if (options.certificates) return "certificates";
  if (noDelay) return "noDelay on a server";
  return keepAlive ? "keepAlive on a server" : null;
}

function checkCertificates(options: ResolvedTlsOptions): void {
  const { cert, key, certificates, sniCallback } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError(`Cannot use TLS: ${cert === undefined ? "key" : "cert"} is given alone`);
  }
  if (certificates?.length === 0) throw new TypeError("Cannot use TLS: certificates is empty");
  if (options.serverSide && !cert && !certificates && !sniCallback) {
    throw new TypeError("Cannot use TLS: a server needs cert and key");
  }
}

function checkVersions({ minVersion = "TLSv1.2", maxVersion = "TLSv1.3" }: TlsOptions): void {
  for (const version of [minVersion, maxVersion]) {
    if (version !== "TLSv1.2" && version !== "TLSv1.3") {
      throw new TypeError(`Cannot use TLS: version "${version}" is neither TLSv1.2 nor TLSv1.3`);
    }
  }
  if (minVersion > maxVersion) {
    throw new RangeError(
      `Cannot use TLS: minVersion ${minVersion} is above maxVersion ${maxVersion}`,
    );
  }
}
