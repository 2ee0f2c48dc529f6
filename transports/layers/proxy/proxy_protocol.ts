import type { Address } from "../../../protocols/facts/address.ts";
import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../../protocols/facts/extra_info.ts";
import type { ProxyHeader, ProxyTlvs } from "../../../protocols/facts/proxy_header.ts";
import { ProxyProtocolError, ProxyProtocolTimeoutError } from "../../../protocols/errors.ts";
import { type Bytes, joinBytes } from "../../../protocols/bytes.ts";
import { peerName } from "../../core/addresses.ts";
import { clockFor, startTimer } from "../../core/clock.ts";
import { sentQueueOf } from "../../core/write/writing.ts";
import { Layer } from "../../stack/layer.ts";
import {
  type Check,
  check,
  checkOptions,
  type OptionTable,
} from "../../../protocols/option_checks.ts";
import type { LayerFactory, TransportOptions } from "../../core/transport_options.ts";
import { formatProxyHeader, formatProxyLine } from "./_format_proxy_header.ts";
import { HeaderFault, parseProxyHeader } from "./_parse_proxy_header.ts";

/**
 * The default of `headerTimeout`, in milliseconds: the header is in the first packet, which may
 * get lost twice.
 */
const DEFAULT_HEADER_TIMEOUT = 5000;
/** The default of `maxLength`, in bytes: TLS facts with long names need some hundreds. */
const DEFAULT_MAX_LENGTH = 4096;

/** Options for {@linkcode proxyProtocol}: which headers are accepted. */
export interface ProxyProtocolOptions {
  /**
   * Which versions the proxy may speak.
   *
   * @default {[1, 2]}
   */
  readonly versions?: readonly (1 | 2)[];
  /**
   * How many milliseconds the header may take to arrive.
   *
   * @default {5000}
   */
  readonly headerTimeout?: number;
  /**
   * The longest header of version 2, in bytes. One of version 1 has at most 107.
   *
   * @default {4096}
   */
  readonly maxLength?: number;
}

/** Options for {@linkcode sendProxyProtocol}. */
export interface SendProxyProtocolOptions {
  /**
   * The version.
   *
   * @default {2}
   */
  readonly version?: 1 | 2;
  /**
   * Whether the connection is for a client (`"proxy"`) or the proxy's own (`"local"`, version 2
   * only).
   *
   * @default {"proxy"}
   */
  readonly command?: "proxy" | "local";
  /**
   * Where the client is: the `peername` of the connection that is passed on. By default we are the
   * client.
   */
  readonly source?: Address | null;
  /**
   * Where the client connected to: the `sockname` of the connection that is passed on. By default
   * the other end of this one.
   */
  readonly destination?: Address | null;
  /** Further fields of the header (TLVs); in version 2 only. */
  readonly tlvs?: Omit<ProxyTlvs, "crc32c">;
  /**
   * Whether a checksum is added; in version 2 only.
   *
   * @default {true}
   */
  readonly checksum?: boolean;
}

const READ_CHECKS: OptionTable<ProxyProtocolOptions> = {
  versions: check.listOf(check.oneOf(1, 2), { least: 1 }),
  headerTimeout: check.duration(),
  maxLength: check.size(1),
};

const address: Check = check.either(
  (value) => value === null,
  check.anything,
  check.objectWith("an address"),
);

const SEND_CHECKS: OptionTable<SendProxyProtocolOptions> = {
  version: check.oneOf(1, 2),
  command: check.oneOf("proxy", "local"),
  source: address,
  destination: address,
  tlvs: check.objectWith("an object of facts"),
  checksum: check.flag,
};

/**
 * For a server behind HAProxy or another proxy that speaks the PROXY protocol, version 1 or 2:
 * reads its header, and tells where the client really is.
 *
 * `connectionMade` comes after the header. Then `peername` and `sockname` are the addresses that
 * the proxy told; the connection's own are `proxyPeername` and `proxySockname`, and all that the
 * proxy told is `proxyHeader`. If it speaks for itself (`LOCAL`) or does not know (`UNKNOWN`), the
 * addresses are the connection's own.
 *
 * Every client must come through the proxy: who can reach the port by another way can claim any
 * address. A header is required; anything else ends the connection before the protocol sees it.
 * Put it nearest the wire: `layers: [proxyProtocol(), …]`. The option `tls` puts TLS below the
 * layers, where the header would have to be encrypted; for a proxy that passes TLS on, put
 * `tlsLayer` above this one.
 *
 * A failure is reported once to the server's `onError`: {@linkcode ProxyProtocolError} for bytes
 * that are no header, a wrong checksum or one that is too long;
 * {@linkcode ProxyProtocolTimeoutError} if it does not come in time.
 *
 * @example Both ends
 * ```ts
 * import { createConnection, createServer, formatAddress } from "@sluice/net";
 * import { proxyProtocol, sendProxyProtocol } from "@sluice/net/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const client = Promise.withResolvers<string>();
 * await using server = await createServer(
 *   () => ({
 *     connectionMade: (transport) => client.resolve(formatAddress(transport.getExtraInfo("peername")!)),
 *   }),
 *   { port: 0, layers: [proxyProtocol()] },
 * );
 * const source = { transport: "tcp", hostname: "192.0.2.7", port: 50000 } as const;
 * const destination = { transport: "tcp", hostname: "192.0.2.1", port: 443 } as const;
 * const { transport } = await createConnection(
 *   () => ({}),
 *   { port: server.port, layers: [sendProxyProtocol({ source, destination })] },
 * );
 * assertEquals(await client.promise, "192.0.2.7:50000");
 * transport.close();
 * ```
 *
 * @param options Versions and limits.
 * @throws {RangeError} If a limit is out of range.
 */
export function proxyProtocol(options: ProxyProtocolOptions = {}): LayerFactory {
  checkOptions("use proxyProtocol", options, READ_CHECKS);
  const {
    versions = [1, 2],
    headerTimeout = DEFAULT_HEADER_TIMEOUT,
    maxLength = DEFAULT_MAX_LENGTH,
  } = options;
  const limits = { versions, headerTimeout, maxLength };
  return (upper, transportOptions) => new ProxyReader(upper, transportOptions, limits);
}

/**
 * For a client that passes on the connections of others, or speaks to a server that expects a
 * header: writes one of the PROXY protocol before anything else. See {@linkcode proxyProtocol}.
 *
 * Addresses of different kinds, or of a kind that the version does not know, are told as unknown.
 *
 * @param options What to tell.
 * @throws {RangeError} If a fact is too long for the format; on connecting, not here, if the
 * addresses are.
 */
export function sendProxyProtocol(options: SendProxyProtocolOptions = {}): LayerFactory {
  checkOptions("use sendProxyProtocol", options, SEND_CHECKS);
  const { version = 2, command = "proxy", tlvs = {}, checksum = true } = options;
  const format = version === 1 ? formatProxyLine : formatProxyHeader;
  const contents = { command, tlvs, hasChecksum: checksum } as const;
  // Finds facts that are too long now rather than on every connection.
  format({ ...contents, source: null, destination: null });
  return (upper, transportOptions) =>
    new ProxyWriter(upper, transportOptions, (transport) => {
      const [sockname, peername] = [
        transport.getExtraInfo("sockname"),
        transport.getExtraInfo("peername"),
      ];
      const { source = sockname, destination = peername } = options;
      return format({ ...contents, source, destination });
    });
}

/** Keeps what comes until it is a header, then lets the connection begin. */
class ProxyReader extends Layer {
  readonly #limits: Required<ProxyProtocolOptions>;
  #unread: Bytes[] = [];
  #header: ProxyHeader | null = null;
  #headerLength = 0;
  #startedAt = 0;
  #waitedMs = 0;
  #stopTimer: (() => void) | null = null;

  constructor(
    upper: AnyProtocol,
    options: TransportOptions,
    limits: Required<ProxyProtocolOptions>,
  ) {
    super(upper, options);
    this.#limits = limits;
  }

  override connectionMade(inner: Transport): void {
    this.inner = inner;
    this.#startedAt = performance.now();
    const { headerTimeout } = this.#limits;
    this.#stopTimer = startTimer(headerTimeout, () => {
      inner.abort(new ProxyProtocolTimeoutError(peerName(inner), headerTimeout));
    }, clockFor(inner));
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    if (this.#header !== null) return super.dataReceived(chunk);
    if (this.isClosing()) return;
    this.#unread.push(chunk);
    const bytes = joinBytes(this.#unread);
    this.#unread = [bytes];
    const rest = this.#readHeader(bytes);
    if (rest === null) return;
    super.connectionMade(this.inner);
    if (rest.length > 0 && !this.isClosing()) return super.dataReceived(rest);
  }

  override eofReceived(): boolean | void {
    if (this.#header !== null) return super.eofReceived();
    this.#fail("the connection ended in the middle of it");
  }

  override connectionLost(error: Error | null): void {
    this.#stopTimer?.();
    super.connectionLost(error);
  }

  /** The header and the wait for it are none of the protocol's. */
  override get closed(): Promise<CloseInfo> {
    return super.closed.then((info) => ({
      ...info,
      bytesRead: info.bytesRead - this.#headerLength,
      durationMs: info.durationMs - this.#waitedMs,
    }));
  }

  override getExtraInfo<K extends keyof ExtraInfo, F = null>(
    name: K,
    fallback?: F,
  ): ExtraInfoValue<K> | F {
    const told = this.#told(name);
    // Each name above has the type that ExtraInfo promises.
    return told === null ? super.getExtraInfo(name, fallback) : told as ExtraInfoValue<K>;
  }

  #told(name: string): unknown {
    if (this.#header === null) return null;
    switch (name) {
      case "proxyHeader":
        return this.#header;
      case "peername":
        return this.#header.source;
      case "sockname":
        return this.#header.destination;
      case "proxyPeername":
        return super.getExtraInfo("peername");
      case "proxySockname":
        return super.getExtraInfo("sockname");
      default:
        return null;
    }
  }

  /** The bytes after the header; `null` if the header has not arrived yet, or there are none. */
  #readHeader(bytes: Bytes): Bytes | null {
    const { versions, maxLength } = this.#limits;
    try {
      const parsed = parseProxyHeader(bytes, versions, maxLength);
      if (parsed === null) return null;
      this.#header = parsed.header;
      this.#headerLength = parsed.length;
      this.#waitedMs = performance.now() - this.#startedAt;
      this.#unread = [];
      this.#stopTimer?.();
      return bytes.subarray(parsed.length);
    } catch (error) {
      if (!(error instanceof HeaderFault)) throw error;
      this.#fail(error.message);
      return null;
    }
  }

  #fail(what: string): void {
    this.inner.abort(new ProxyProtocolError(peerName(this.inner), what));
  }
}

/** Writes the header, then lets the connection begin. */
class ProxyWriter extends Layer {
  readonly #makeHeader: (transport: Transport) => Bytes;
  #headerLength = 0;
  #isHeaderQueued = false;

  constructor(
    upper: AnyProtocol,
    options: TransportOptions,
    makeHeader: (transport: Transport) => Bytes,
  ) {
    super(upper, options);
    this.#makeHeader = makeHeader;
  }

  override connectionMade(inner: Transport): void {
    const header = this.#makeHeader(inner);
    this.#headerLength = header.length;
    inner.write(header);
    const left = sentQueueOf(inner)?.wait();
    this.#isHeaderQueued = left !== undefined;
    void left?.then(() => this.#isHeaderQueued = false);
    super.connectionMade(inner);
  }

  /** The header is none of the protocol's. */
  override getWriteBufferSize(): number {
    const size = super.getWriteBufferSize();
    return this.#isHeaderQueued ? Math.max(0, size - this.#headerLength) : size;
  }

  /** Nor is it here. */
  override get closed(): Promise<CloseInfo> {
    return super.closed.then((info) => {
      const sent = Math.min(info.bytesWritten, this.#headerLength);
      return {
        ...info,
        bytesWritten: info.bytesWritten - sent,
        bytesUnsent: Math.max(0, info.bytesUnsent - (this.#headerLength - sent)),
      };
    });
  }
}
