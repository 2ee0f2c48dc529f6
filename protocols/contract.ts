/**
 * The contract between what carries bytes and what gives them meaning.
 *
 * A transport calls a protocol, a protocol holds its transport: the two name each other, so both
 * stand in this one leaf file, which imports nothing. The order of calls is
 *
 * ```text
 * connectionMade -> (dataReceived | getBuffer, bufferUpdated)* -> eofReceived? -> connectionLost
 *                   pauseWriting, resumeWriting in strict alternation in between
 * ```
 *
 * each at most once but those marked `*`, and nothing after `connectionLost`.
 *
 * @module
 */

/** Bytes that this library hands out: always over a plain `ArrayBuffer`, so any Web API takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The address of a TCP or UDP socket. */
export interface NetAddress {
  /** Which transport protocol the address belongs to. */
  readonly transport: "tcp" | "udp";
  /** The IP address, as text. */
  readonly hostname: string;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** The address of a Unix domain socket. */
export interface UnixAddress {
  /** Which kind of Unix socket the address belongs to. */
  readonly transport: "unix" | "unixpacket";
  /** The path of the socket file; of a client that bound none, empty. */
  readonly path: string;
}

/** The address of one end of a connection inside this process. */
export interface MemoryAddress {
  /** Marks a connection that leaves no process. */
  readonly transport: "memory";
  /** What its maker called this end. */
  readonly name: string;
}

/** Where one end of a connection is. */
export type Address = NetAddress | UnixAddress | MemoryAddress;

/** The traffic of one direction. */
export interface DirectionCounters {
  /** How many bytes. */
  readonly bytes: number;
  /** In how many chunks: calls of `dataReceived` or `write`. */
  readonly chunks: number;
  /** When the first chunk went, as of `performance.now()`; `null` before. */
  readonly firstAt: number | null;
  /** When the last chunk went, as of `performance.now()`; `null` before. */
  readonly lastAt: number | null;
}

/** The traffic of a connection, or of several, until now. */
export interface TrafficCounters {
  /** The received traffic. */
  readonly received: DirectionCounters;
  /** What was written. */
  readonly sent: DirectionCounters;
}

/** The names that {@linkcode Transport.getExtraInfo} knows, and the type of each. */
export interface ExtraInfo {
  /** The address of the other end. */
  peername: Address;
  /** The address of this end. */
  sockname: Address;
  /** What went through the connection until now, where a `counters` layer counts. */
  counters: TrafficCounters;
  /** The object that carries the bytes at the bottom of the stack: a `Deno.Conn` for a socket. */
  socket: object;
  /** What encrypts a TLS connection: Deno's own TLS, or a layer that stands on any transport and knows more. */
  tlsEngine: "native" | "layer";
  /** The version of TLS. Not known of the native engine. */
  tlsVersion: "TLSv1.2" | "TLSv1.3";
  /** The application protocol that both ends agreed on (ALPN). */
  alpnProtocol: string;
  /** How a TLS connection is encrypted. Not known of the native engine. */
  cipher: TlsCipher;
  /** The certificate that the peer showed. Not known of the native engine. */
  peercert: PeerCertificate;
  /** Whether the peer showed a certificate that verifies; `true` for a peer that was not asked for one. */
  authorized: boolean;
  /** Why the peer's certificate does not verify, as a code such as `"CERT_HAS_EXPIRED"`. */
  authorizationError: string;
  /** The name that the client asked for (SNI). Not known of the native engine on a server. */
  serverName: string;
  /** The object of the TLS engine: a `Deno.TlsConn`, or a `TLSSocket` of node:tls, to look things up in. */
  sslObject: object;
  /** The subprotocol that both ends of a WebSocket agreed on; empty if none. */
  subprotocol: string;
  /** The process id, of a connection over a process. */
  pid: number;
  /** The object that stands for that process: a `Deno.ChildProcess`, or a `ChildProcess` of node:child_process. */
  subprocess: object;
  /** What a connection over a pipe was made of. */
  pipe: unknown;
  /** How that process ended; not known while it runs. */
  exitStatus: ProcessExit;
  /** What a proxy said of the connection that it passes on, see `proxyProtocol`. */
  proxyHeader: ProxyHeader;
  /** The address of the proxy, if `peername` is that of its client. */
  proxyPeername: Address;
  /** The address of this end as the proxy sees it, where `sockname` is the one that the client connected to. */
  proxySockname: Address;
}

/** How a process ended. */
export interface ProcessExit {
  /** Whether the code is 0. */
  readonly success: boolean;
  /** The exit code; 128 and the number of the signal for one that a signal ended. */
  readonly code: number;
  /** The signal that ended it, such as `"SIGTERM"`; `null` if none did. */
  readonly signal: string | null;
}

/** The header of HAProxy's PROXY protocol: a proxy sends it before the bytes of a client, and names the client. */
export interface ProxyHeader {
  /** The version of the protocol: text or binary. */
  readonly version: 1 | 2;
  /** Whether the proxy speaks for a client, or for itself as in a health check. Version 1 always speaks for a client. */
  readonly command: "proxy" | "local";
  /** Where the client is; `null` if the proxy does not tell. */
  readonly source: Address | null;
  /** Where the client connected to; `null` if the proxy does not tell. */
  readonly destination: Address | null;
  /** What else it says; nothing in version 1. */
  readonly tlvs: ProxyTlvs;
}

/** The further facts in a {@linkcode ProxyHeader}. */
export interface ProxyTlvs {
  /** The application protocol that client and proxy agreed on (ALPN). */
  readonly alpn?: string;
  /** The host name that the client asked for (SNI). */
  readonly authority?: string;
  /** The checksum of the header; it was found right. */
  readonly crc32c?: number;
  /** What the proxy calls this connection, at most 128 bytes. */
  readonly uniqueId?: Bytes;
  /** How the client's connection to the proxy is encrypted. */
  readonly ssl?: ProxySsl;
  /** The name of the network namespace. */
  readonly netns?: string;
  /** All others, in their order. */
  readonly others?: readonly ProxyTlv[];
}

/** The TLS connection between client and proxy, as the proxy describes it. */
export interface ProxySsl {
  /** Whether the client connected over TLS. */
  readonly isTls: boolean;
  /** Whether it showed a certificate on this connection. */
  readonly hasCertificate: boolean;
  /** Whether it showed a certificate at least once in the TLS session that this connection belongs to. */
  readonly hasSessionCertificate: boolean;
  /** Whether it showed a certificate that was verified. */
  readonly isVerified: boolean;
  /** The version, as in `"TLSv1.3"`. */
  readonly version?: string;
  /** The common name in the client's certificate. */
  readonly commonName?: string;
  /** The cipher, as in `"ECDHE-RSA-AES128-GCM-SHA256"`. */
  readonly cipher?: string;
  /** The algorithm that the proxy's certificate is signed with, as in `"SHA256"`. */
  readonly signatureAlgorithm?: string;
  /** The algorithm of the key of the proxy's certificate, as in `"RSA2048"`. */
  readonly keyAlgorithm?: string;
  /** All others, in their order. */
  readonly others?: readonly ProxyTlv[];
}

/** One fact that a proxy states: a type and bytes. */
export interface ProxyTlv {
  /** The type, 0 to 255. */
  readonly type: number;
  /** The bytes, at most 65,535. */
  readonly value: Bytes;
}

/** How a TLS connection is encrypted. */
export interface TlsCipher {
  /** The name that OpenSSL has for it. */
  readonly name: string;
  /** The name that the standard has for it. */
  readonly standardName: string;
  /** The version of TLS. */
  readonly version: string;
}

/** A name that a certificate is valid for. */
export interface SubjectAltName {
  /** What kind of name it is: of a host, an IP address, a mail address, a URI, or something else. */
  readonly type: "dns" | "ip" | "email" | "uri" | "other";
  /**
   * The name, such as `"example.com"` or `"*.example.com"`; the DER of another kind in hexadecimal.
   * Compare it as a whole: it may contain commas and colons.
   */
  readonly value: string;
}

/** A certificate that was shown in a TLS handshake. */
export interface PeerCertificate {
  /** Whose it is: by field, as in `{ CN: "example.com" }`. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>;
  /** Who signed it. */
  readonly issuer: Readonly<Record<string, string | readonly string[]>>;
  /** The names it is valid for, each by itself; empty if it has none. */
  readonly subjectAltName: readonly SubjectAltName[];
  /** From when on it is valid. */
  readonly validFrom: Date;
  /** Until when it is valid. */
  readonly validTo: Date;
  /** Its number with its issuer, in hexadecimal. */
  readonly serialNumber: string;
  /** The SHA-256 hash of it, as in `"AB:CD:…"`. */
  readonly fingerprint256: string;
  /** All of it, as DER. */
  readonly raw: Bytes;
}

/** The type of the extra info called `K`: `unknown` for a name that {@linkcode ExtraInfo} does not list. */
export type ExtraInfoValue<K extends string> = K extends keyof ExtraInfo ? ExtraInfo[K] : unknown;

/** How a connection ended: what {@linkcode Transport.closed} resolves to. */
export interface CloseInfo {
  /**
   * The end that ended it: `"local"` by `close()` here, `"peer"` by the end of the peer's data, `"abort"` by
   * `abort()` here without a reason, `"error"` by a failure, which {@linkcode CloseInfo.error} holds.
   */
  readonly endedBy: "local" | "peer" | "abort" | "error";
  /** What `connectionLost` was told: the failure, or `null` for an orderly end or a plain abort. */
  readonly error: Error | null;
  /** Bytes received and handed to a protocol. */
  readonly bytesRead: number;
  /** Bytes that the layer below took over. */
  readonly bytesWritten: number;
  /** Bytes that were accepted by `write` and never sent. */
  readonly bytesUnsent: number;
  /** Milliseconds from `connectionMade` to `connectionLost`. */
  readonly durationMs: number;
}

/** Bounds of a transport's write buffer, in bytes. */
export interface WriteBufferLimits {
  /** Above this many buffered bytes `pauseWriting` is called. */
  readonly high: number;
  /** At this many or fewer `resumeWriting` is called. */
  readonly low: number;
}

/**
 * A byte stream in both directions, as a protocol sees it: asyncio's `Transport`.
 *
 * Every method may be called at any time, from any callback. None waits, and none calls
 * `connectionLost` before it returns. To make one of your own, see `Carrier` and `TransportWrapper`.
 *
 * @example What a protocol does with it
 * ```ts
 * import { memoryTransportPair, type Transport } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const greet = (transport: Transport) => {
 *   transport.write("hello ");
 *   transport.writelines(["and ", "goodbye"]);
 *   transport.close();
 * };
 *
 * const [a] = await memoryTransportPair(() => ({ connectionMade: greet }), () => ({}));
 * const { endedBy, error, bytesWritten } = await a.transport.closed;
 * assertEquals({ endedBy, error, bytesWritten }, { endedBy: "local", error: null, bytesWritten: 17 });
 * ```
 */
export interface Transport {
  /**
   * Queues bytes for sending, in order, and returns at once.
   *
   * Small data (up to 16 KiB) is copied, so its buffer may be used again directly. Larger data is sent from
   * where it lies: leave it unchanged until it is flushed. Data given after `close()`, `abort()`
   * or the loss of the connection is dropped; empty data does nothing.
   *
   * @param data Bytes, or a string that is sent as UTF-8.
   * @returns Whether more may be written now: `false` while writing is paused, which is advice.
   * @throws {TypeError} If `data` is neither bytes nor a string.
   * @throws {InvalidStateError} If `writeEof()` was called before.
   */
  write(data: Uint8Array | string): boolean;
  /**
   * Queues several pieces as if they were one.
   *
   * @param parts The pieces, in order. One that is neither bytes nor a string throws a `TypeError`
   * before any of them is queued.
   * @returns What {@linkcode Transport.write} returns.
   * @throws As {@linkcode Transport.write}.
   */
  writelines(parts: Iterable<Uint8Array | string>): boolean;
  /**
   * Ends the writing direction once all that was queued is sent. Reading goes on. Does nothing the second time or after `close()`.
   *
   * @throws {InvalidStateError} If the transport cannot do that, see {@linkcode Transport.canWriteEof}.
   */
  writeEof(): void;
  /** Whether {@linkcode Transport.writeEof} can be called on this transport. */
  canWriteEof(): boolean;
  /**
   * Stops reading, sends what is queued, then ends the connection with `connectionLost(null)`. Does nothing the second time.
   *
   * It has no deadline: a peer that does not read keeps the connection closing, until `abort()`.
   */
  close(): void;
  /**
   * Ends the connection now and drops what is queued. Does nothing once it is lost.
   *
   * @param reason What `connectionLost` is told; without it `null`.
   */
  abort(reason?: Error): void;
  /** Whether the connection is closing or closed. */
  isClosing(): boolean;
  /** Stops calling the protocol with data; a chunk that is already under way waits. Does nothing if already paused or closing. */
  pauseReading(): void;
  /** Goes on calling the protocol with data. Does nothing if not paused or closing. */
  resumeReading(): void;
  /** Whether data is being delivered: neither paused nor closing. */
  isReading(): boolean;
  /**
   * Sets when `pauseWriting` and `resumeWriting` are called.
   *
   * With `high` alone `low` is a quarter of it; with `low` alone `high` is four times it; with
   * neither 64 KiB and 16 KiB. Zero for `high` pauses whenever anything is buffered.
   *
   * @throws {RangeError} If not `high >= low >= 0`.
   */
  setWriteBufferLimits(limits?: { readonly high?: number; readonly low?: number }): void;
  /** The limits in force, in bytes. */
  getWriteBufferLimits(): WriteBufferLimits;
  /** How many bytes are accepted and not yet sent. */
  getWriteBufferSize(): number;
  /**
   * Makes another protocol receive what comes next, and what waits because reading is paused; neither is told.
   *
   * @param protocol Who receives from now on.
   * @param unread Bytes that the protocol before it was handed and did not use, possibly none: they are delivered
   * first, and if the end of the data was told before, it is told again after them.
   */
  setProtocol(protocol: AnyProtocol, unread?: Bytes): void;
  /** The protocol that receives what comes. */
  getProtocol(): AnyProtocol;
  /**
   * Looks up a fact about the connection; still answers inside `connectionLost`.
   *
   * @param name What to look up, see {@linkcode ExtraInfo}.
   * @param fallback What to return where it is not known; `null` by default.
   */
  getExtraInfo<K extends string, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F;
  /** Resolves after `connectionLost` to how the connection ended. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  /**
   * Calls {@linkcode Transport.close} and waits for {@linkcode Transport.closed}, at the end of a scope that says
   * `await using`. A peer that does not take within 10 s what is queued has the connection aborted.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The callbacks of every protocol. An exception of a callback is reported once to the connection's `onError` and ends
 * the connection with that error. A callback may be async: a rejection counts as an exception.
 */
export interface BaseProtocolCallbacks {
  /** Called once, first: the connection is there. */
  connectionMade?(transport: Transport): void;
  /** Called once, last: with the failure that ended the connection, or `null`. */
  connectionLost?(error: Error | null): void;
  /** The write buffer rose above its high mark: stop writing. */
  pauseWriting?(): void;
  /** The write buffer fell to its low mark: go on writing. */
  resumeWriting?(): void;
}

/**
 * The callbacks of a protocol that is handed chunks. Any object with some of these methods is a protocol.
 *
 * @example A plain object
 * ```ts
 * import { memoryTransportPair, type ProtocolCallbacks, type Transport } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * function echo(): ProtocolCallbacks {
 *   let transport: Transport;
 *   return {
 *     connectionMade: (made) => void (transport = made),
 *     dataReceived: (chunk) => void transport.write(chunk),
 *   };
 * }
 *
 * const echoed = Promise.withResolvers<string>();
 * const [{ transport }] = await memoryTransportPair(
 *   () => ({ dataReceived: (chunk) => echoed.resolve(new TextDecoder().decode(chunk)) }),
 *   echo,
 * );
 * transport.write("there");
 * assertEquals(await echoed.promise, "there");
 * transport.close();
 * await transport.closed;
 * ```
 */
export interface ProtocolCallbacks extends BaseProtocolCallbacks {
  /** Bytes arrived; they are the protocol's to keep. Nothing more is read until a returned promise settles. */
  dataReceived?(chunk: Bytes): unknown;
  /**
   * The peer ended its direction. A truthy answer keeps ours open; otherwise the transport closes. While a
   * returned promise is pending it stays open.
   */
  eofReceived?(): boolean | void | Promise<boolean | void>;
}

/** The callbacks of a protocol that lends the buffer to read into. It is told apart by having `getBuffer`. */
export interface BufferedProtocolCallbacks extends BaseProtocolCallbacks {
  /**
   * Asks for the buffer that the next bytes go to; it must not be empty.
   *
   * @param sizeHint How many bytes are known to wait; -1 where that is not known.
   */
  getBuffer(sizeHint: number): Uint8Array;
  /** `bytes` bytes were put at the start of the last buffer. Nothing more is read until a returned promise settles. */
  bufferUpdated?(bytes: number): unknown;
  /** As {@linkcode ProtocolCallbacks.eofReceived}. */
  eofReceived?(): boolean | void | Promise<boolean | void>;
}

/** A protocol of either kind that a {@linkcode Transport} can drive. */
export type AnyProtocol = ProtocolCallbacks | BufferedProtocolCallbacks;
