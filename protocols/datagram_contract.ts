/**
 * The contract between a datagram endpoint and its protocol. The two name each other, so both are
 * in this leaf file. The order of calls is
 *
 * ```text
 * connectionMade -> (datagramReceived | errorReceived)* -> connectionLost
 *                   pauseWriting, resumeWriting in strict alternation in between
 * ```
 *
 * @module
 */
import type { Address } from "./facts/address.ts";
import type { Bytes } from "./bytes.ts";
import type { CloseInfo } from "./facts/close_info.ts";
import type { WriteBufferLimits } from "./contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "./facts/extra_info.ts";

/** One datagram, and the address of the other end: where it came from, or where it goes. */
export interface Datagram {
  /** The bytes, possibly none. */
  readonly data: Bytes;
  /** The address of the other end. */
  readonly address: Address;
}

/** Where a datagram goes: an {@linkcode Address} that was received, or one that is written down. */
export type DatagramDestination = Address | {
  /**
   * The host, as an IP address or a name. A name is looked up once for each endpoint.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
  /** The port of the host, 1 to 65535. */
  readonly port: number;
} | {
  /** The path of a Unix socket. */
  readonly path: string;
};

/** How many datagrams an endpoint has dropped, by the reason. */
export interface DroppedDatagrams {
  /** Arrived while reading was paused and the receive queue was full. */
  readonly received: number;
  /** Were to be sent while the send queue was full. */
  readonly sent: number;
  /** Arrived cut off: they were longer than `maxDatagramSize`. */
  readonly truncated: number;
  /** Came to a connected endpoint from other addresses than its peer's. */
  readonly strangers: number;
}

/** How an endpoint ended: what {@linkcode DatagramTransport.closed} resolves to. */
export interface DatagramCloseInfo {
  /** Who ended it; see {@linkcode CloseInfo.endedBy}. No peer can end an endpoint. */
  readonly endedBy: Exclude<CloseInfo["endedBy"], "peer">;
  /** The argument of `connectionLost`: the failure, or `null`. */
  readonly error: Error | null;
  /** How many datagrams were delivered. */
  readonly received: number;
  /** How many datagrams the system accepted. */
  readonly sent: number;
  /** How many datagrams were queued and never sent. */
  readonly unsent: number;
  /** How many datagrams were dropped. */
  readonly dropped: DroppedDatagrams;
  /** Milliseconds from `connectionMade` to `connectionLost`. */
  readonly durationMs: number;
}

/**
 * Options for {@linkcode DatagramTransport.joinGroup} and {@linkcode DatagramTransport.leaveGroup}.
 */
export interface GroupOptions {
  /** The interface: an IPv4 address of it, or for IPv6 `::%name`. The system chooses by default. */
  readonly interface?: string;
  /** Only datagrams from this IPv4 address arrive (source-specific multicast, RFC 4607). */
  readonly source?: string;
}

/**
 * An endpoint that sends and receives datagrams: asyncio's `DatagramTransport`.
 *
 * Datagrams leave in the order of the calls, one at a time. Each is sent whole or not at all, and
 * the network may still lose it, repeat it or deliver it late. Nothing that comes from the network
 * ends the endpoint: failures go to `errorReceived`.
 *
 * @example Two endpoints
 * ```ts
 * import { createDatagramEndpoint } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = Promise.withResolvers<string>();
 * const { transport: server } = await createDatagramEndpoint(() => ({
 *   datagramReceived: (data, address) => void server.sendto(data, address),
 * }), { localAddr: { port: 0 } });
 *
 * await using client = (await createDatagramEndpoint(() => ({
 *   datagramReceived: (data) => answer.resolve(new TextDecoder().decode(data)),
 * }), { remoteAddr: { port: server.port } })).transport;
 * client.sendto("hello");
 * assertEquals(await answer.promise, "hello");
 * server.close();
 * await server.closed;
 * ```
 */
export interface DatagramTransport {
  /**
   * Queues one datagram and returns at once. The data is copied; a string is sent as UTF-8. An
   * empty datagram is sent as well. After `close()`, `abort()` or the loss of the endpoint it is
   * dropped.
   *
   * A failure of the system goes to `errorReceived`: the datagram is too long
   * (`DatagramTooLargeError`), the host is not known (`NameResolutionError`), there is no way
   * there. Whether it arrives is never known.
   *
   * @param data The bytes.
   * @param address Where it goes. A connected endpoint needs none and takes only that of its peer.
   * @param onSettled Called for this datagram instead of `errorReceived`: with `null` when the
   * system took it over, else with the reason why it was not sent. Its exception is reported to
   * `onError`.
   * @returns Whether more may be sent now: `false` while writing is paused, which is advice.
   * @throws {TypeError} If `data` is neither bytes nor a string, the address cannot be used with
   * this endpoint, or `onSettled` is not a function.
   * @throws {RangeError} If the port is out of range.
   */
  sendto(
    data: Uint8Array | string,
    address?: DatagramDestination | null,
    onSettled?: (error: Error | null) => void,
  ): boolean;
  /**
   * Stops receiving, sends the queued datagrams, then ends with `connectionLost(null)`. Datagrams
   * that are not sent within `closeTimeout` are dropped. Does nothing the second time.
   */
  close(): void;
  /**
   * Ends now and drops what is queued; `connectionLost` is told the reason, without one `null`.
   *
   * @throws {TypeError} If the reason is not an error.
   */
  abort(reason?: Error): void;
  /** Whether the endpoint is closing or closed. */
  isClosing(): boolean;
  /**
   * Holds back datagrams from the protocol. They wait in a queue of `maxReadBuffer` bytes; what
   * does not fit is dropped and counted. Does nothing if already paused or closing.
   */
  pauseReading(): void;
  /** Delivers what waits, and what comes. Does nothing if not paused or closing. */
  resumeReading(): void;
  /** Whether datagrams are being delivered: neither paused nor closing. */
  isReading(): boolean;
  /**
   * Sets when `pauseWriting` and `resumeWriting` are called. As in asyncio, each datagram counts 8
   * bytes more than it has.
   *
   * @throws {RangeError} If not `high >= low >= 0`.
   */
  setWriteBufferLimits(limits?: { readonly high?: number; readonly low?: number }): void;
  /** The limits in force, in bytes. */
  getWriteBufferLimits(): WriteBufferLimits;
  /** How many bytes are queued, with 8 for each datagram. */
  getWriteBufferSize(): number;
  /** Makes another protocol receive what comes next; neither is told. */
  setProtocol(protocol: DatagramProtocolCallbacks): void;
  /** The protocol that receives what comes. */
  getProtocol(): DatagramProtocolCallbacks;
  /**
   * Looks up a fact; still answers inside `connectionLost`.
   *
   * @param name `"sockname"`; `"peername"` of a connected endpoint; `"socket"`, the object
   * underneath.
   * @param fallback What to return where it is not known; `null` by default.
   */
  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F;
  /** The port it is bound to; 0 where that is no port of a host. */
  readonly port: number;
  /**
   * Joins a multicast group: receives the datagrams that are sent to it.
   *
   * @throws {TypeError} If it is no group of the endpoint's family, or the endpoint has none.
   * @throws The error of the system, as for a second time.
   */
  joinGroup(group: string, options?: GroupOptions): Promise<void>;
  /** Receives it no longer; takes what `joinGroup` took, and throws as it does. */
  leaveGroup(group: string, options?: GroupOptions): Promise<void>;
  /** How many datagrams have been dropped so far, by reason. */
  readonly dropped: DroppedDatagrams;
  /** Resolves after `connectionLost` to how the endpoint ended. Never rejects. */
  readonly closed: Promise<DatagramCloseInfo>;
  /** Calls `close()` and waits for `closed`, at the end of a scope that says `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The callbacks of a datagram protocol. Any object with some of these methods is one. The exception
 * of a callback, or the rejection of its promise, is reported once to `onError`; the endpoint goes
 * on, so that no datagram can end it. Only a failure of `connectionMade` ends it.
 */
export interface DatagramProtocolCallbacks {
  /**
   * Whether datagrams are lent. A lent one is valid until `datagramReceived` returns or its promise
   * settles, and has length 0 afterwards. It saves a copy of large ones.
   *
   * @default {false}
   */
  readonly borrowsChunks?: boolean;
  /** Called once, first: the endpoint is there. */
  connectionMade?(transport: DatagramTransport): void;
  /** Called once, last: with the failure that ended the endpoint, or `null`. */
  connectionLost?(error: Error | null): void;
  /**
   * One datagram arrived, possibly empty; it is the protocol's to keep. Until a returned promise
   * settles those that follow wait, as while reading is paused.
   */
  datagramReceived?(data: Bytes, address: Address): unknown;
  /**
   * A send failed, or a datagram arrived cut off (`DatagramTruncatedError`). The endpoint goes on.
   */
  errorReceived?(error: Error): void;
  /** The send queue rose above its high mark: stop sending. */
  pauseWriting?(): void;
  /** The send queue fell to its low mark: go on sending. */
  resumeWriting?(): void;
}
