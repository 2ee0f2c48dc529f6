import type { SocketOptions } from "../carriers/socket_options.ts";
import {
  type Check,
  check,
  checkOptions,
  type OptionName,
  optionsOf,
  type OptionTable,
  outOfRange,
} from "../../protocols/option_checks.ts";
import type { TlsCertificate } from "./tls_certificate.ts";
import { checkAuthority, checkPair } from "./certificates/material.ts";
import { checkServerName } from "./certificates/server_identity.ts";

/** The default of `handshakeTimeout`, in milliseconds: asyncio's. */
const HANDSHAKE_TIMEOUT = 60_000;

/**
 * The default of `shutdownTimeout`, in milliseconds. A peer answers within one round trip; this
 * leaves room for two lost packets. asyncio's 30 s would hold up every close of a connection whose
 * peer never answers.
 */
const SHUTDOWN_TIMEOUT = 5000;

/** The most bytes that `close()` reads and drops while it waits for the peer to end. */
export const MAX_DROPPED = 1_048_576;

/** A version of TLS. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/**
 * Options for TLS: how a connection is encrypted. Both ends have the same type; an end ignores
 * options that concern only the other.
 */
export interface TlsOptions {
  /** Our certificate as PEM. A server needs one; a client shows it to a server that asks. */
  readonly cert?: string;
  /** The private key of `cert`, as PEM. */
  readonly key?: string;
  /**
   * Server: several certificates. The first that bears the name the client asks for is shown, else
   * the first.
   */
  readonly certificates?: readonly TlsCertificate[];
  /**
   * Server: called in each handshake with the name that the client asks for, `null` if it names
   * none. It answers with the certificate to show; with `null` for `cert` or `certificates`. As it
   * is asked each time, a certificate can be renewed without a restart.
   */
  readonly sniCallback?: (
    serverName: string | null,
  ) => TlsCertificate | null | Promise<TlsCertificate | null>;
  /**
   * Certificates of authorities, as PEM. A client trusts them besides those that Deno trusts by
   * default; a server that asks for certificates trusts no others.
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
   * Whether to refuse a peer whose certificate does not verify, or that has none though one was
   * asked for. If not, see the extra info `authorized` and `authorizationError`.
   *
   * @default {true}
   */
  readonly rejectUnauthorized?: boolean;
  /**
   * The oldest version of TLS to accept.
   *
   * @default {"TLSv1.2"}
   */
  readonly minVersion?: TlsVersion;
  /**
   * The newest version of TLS to use.
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
   * How many milliseconds `close()` gives the peer to answer the end of our data with the end of
   * its own, and the system to send the last of ours. A client that is refused in the handshake has
   * as long to see why.
   *
   * @default {5000}
   */
  readonly shutdownTimeout?: number;
  /**
   * The engine that does the work: `"native"`, Deno's own TLS, takes less CPU time but knows
   * neither client certificates, `certificates`, `sniCallback`, versions nor any carrier but TCP,
   * nor `noDelay` and `keepAlive` on a server; `"layer"` works over any transport.
   *
   * By default native where it can do all that is asked for. A server asks for `noDelay` unless it
   * says `noDelay: false`, so it gets the layer: without, the first answer on a connection and
   * every second flush wait for the peer's acknowledgement, which may take 40 ms. See the extra
   * info `tlsEngine`.
   */
  readonly engine?: "native" | "layer";
  /** Which end of the handshake this is. By default a server when it accepts, else a client. */
  readonly serverSide?: boolean;
}

/** The options by which a connection is encrypted. */
export interface TlsOption {
  /** Encrypts the connection; `true` means the defaults, which are enough for a client. */
  readonly tls?: true | TlsOptions;
}

/** Options for TLS at one end of one connection, with every default filled in. */
export interface ResolvedTlsOptions extends TlsOptions {
  /** Which end of the handshake this is. */
  readonly serverSide: boolean;
  /** See {@linkcode TlsOptions.handshakeTimeout}. */
  readonly handshakeTimeout: number;
  /** See {@linkcode TlsOptions.shutdownTimeout}. */
  readonly shutdownTimeout: number;
  /** See {@linkcode TlsOptions.rejectUnauthorized}. */
  readonly rejectUnauthorized: boolean;
}

const encoder = new TextEncoder();

const pem: Check = check.either((value) => value instanceof Uint8Array, notText, check.text);

/** The checks of {@linkcode TlsOptions}. */
export const TLS_CHECKS: OptionTable<TlsOptions> = {
  cert: pem,
  key: pem,
  certificates: check.listOf(optionsOf<TlsCertificate>({ cert: pem, key: pem }, ["cert", "key"]), {
    least: 1,
  }),
  sniCallback: check.functionLike("(serverName) => certificate"),
  caCerts: check.listOf(pem),
  alpnProtocols,
  serverName: check.text,
  requestCert: check.flag,
  rejectUnauthorized: check.flag,
  minVersion: check.oneOf("TLSv1.2", "TLSv1.3"),
  maxVersion: check.oneOf("TLSv1.2", "TLSv1.3"),
  handshakeTimeout: check.duration(),
  shutdownTimeout: check.duration(),
  engine: check.oneOf("native", "layer"),
  serverSide: check.flag,
};

/** The checks of {@linkcode TlsOption}: {@linkcode resolveTlsOptions} looks at what is in it. */
export const TLS_OPTION_CHECKS: OptionTable<TlsOption> = {
  tls: check.either(
    (value) => value === true,
    check.anything,
    check.objectWith("true or an object with options such as { caCerts }"),
  ),
};

/**
 * Fills in the defaults, and throws for options that cannot work, before anything is opened.
 *
 * @param tls What the user gave.
 * @param serverSide Which end it is by default.
 * @param hostname The host to connect to, whose name the certificate has to bear.
 * @throws {TypeError} If something is missing, of the wrong kind, or unusable.
 * @throws {RangeError} If a time or a length is out of range.
 */
export function resolveTlsOptions(
  tls: true | TlsOptions,
  serverSide: boolean,
  hostname?: string,
): ResolvedTlsOptions {
  const given: TlsOptions = tls === true ? {} : tls;
  checkOptions("use TLS", given, TLS_CHECKS);
  const options: ResolvedTlsOptions = {
    ...given,
    serverSide: given.serverSide ?? serverSide,
    handshakeTimeout: given.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    shutdownTimeout: given.shutdownTimeout ?? SHUTDOWN_TIMEOUT,
    rejectUnauthorized: given.rejectUnauthorized ?? true,
  };
  checkVersions(options);
  checkMaterial(options);
  return options.serverSide ? checkServer(options) : withServerName(options, hostname);
}

/** {@linkcode resolveTlsOptions} of the given options; `null` if there are none. */
export function resolveTls(
  { tls }: TlsOption,
  serverSide: boolean,
  hostname?: string,
): ResolvedTlsOptions | null {
  return tls === undefined ? null : resolveTlsOptions(tls, serverSide, hostname);
}

/** The first requested feature that the native engine lacks; `null` if it has all of them. */
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

function notText(_value: unknown, { action, name }: OptionName): void {
  const remedy = "give it as PEM text: await Deno.readTextFile(path)";
  throw new TypeError(`Cannot ${action}: ${name} is bytes and not text; ${remedy}`);
}

const listOfProtocols = check.listOf(alpnProtocol);

/** The whole list fits into 65,535 bytes, with one more for each name (RFC 7301, 3.1). */
function alpnProtocols(value: unknown, option: OptionName): void {
  listOfProtocols(value, option);
  const names = value as readonly string[];
  const size = names.reduce((sum, name) => sum + 1 + encoder.encode(name).length, 0);
  if (size <= 65_535) return;
  throw outOfRange(option, value, `takes ${size} bytes; all names together may take 65535`);
}

/** A name has 1 to 255 bytes (RFC 7301, 3.1). */
function alpnProtocol(value: unknown, option: OptionName): void {
  check.text(value, option);
  const { length } = encoder.encode(String(value));
  if (length < 1 || length > 255) {
    throw outOfRange(option, value, `has ${length} bytes; a protocol name has 1 to 255`);
  }
}

function checkMaterial({ cert, key, certificates = [], caCerts = [] }: TlsOptions): void {
  if (cert !== undefined && key !== undefined) checkPair({ cert, key });
  else if (cert !== undefined || key !== undefined) {
    const [alone, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new TypeError(`Cannot use TLS: ${alone} is given alone; give ${missing} too`);
  }
  certificates.forEach((pair, index) => checkPair(pair, `certificates[${index}]`));
  caCerts.forEach((authority, index) => checkAuthority(authority, `caCerts[${index}]`));
}

function checkServer(options: ResolvedTlsOptions): ResolvedTlsOptions {
  const { cert, certificates, sniCallback, requestCert, caCerts = [] } = options;
  if (cert === undefined && certificates === undefined && sniCallback === undefined) {
    throw new TypeError(
      "Cannot use TLS: a server needs cert and key, or certificates, or sniCallback",
    );
  }
  if (requestCert && options.rejectUnauthorized && caCerts.length === 0) {
    throw new TypeError(
      "Cannot use TLS: requestCert without caCerts refuses every client; give the authorities " +
        "that sign the clients' certificates, or rejectUnauthorized: false",
    );
  }
  return options;
}

function withServerName(options: ResolvedTlsOptions, hostname?: string): ResolvedTlsOptions {
  const given = options.serverName ?? hostname;
  if (given === undefined || given === "") {
    if (!options.rejectUnauthorized) return options;
    throw new TypeError("Cannot use TLS: a client needs serverName where there is no hostname");
  }
  const option = options.serverName === undefined ? "hostname" : "serverName";
  return { ...options, serverName: checkServerName(given, option) };
}

function checkVersions({ minVersion = "TLSv1.2", maxVersion = "TLSv1.3" }: TlsOptions): void {
  if (minVersion <= maxVersion) return;
  throw new RangeError(
    `Cannot use TLS: minVersion ${minVersion} is above maxVersion ${maxVersion}`,
  );
}
