import type { Duplex } from "node:stream";
import type { PeerCertificate, TLSSocket } from "node:tls";

/**
 * A connection as a stream of Node's, with what users of `net.Socket` and `tls.TLSSocket` call and
 * read. Made by `toNodeStream`.
 *
 * Options of the socket (`setNoDelay`, `setKeepAlive`, `ref`, `unref`) reach the socket at the
 * bottom of the connection if there is one that has them, and do nothing otherwise.
 *
 * @example A timeout, and who is there
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { toNodeStream } from "@sluice/net/node";
 * import { assertEquals } from "@std/assert";
 * import { once } from "node:events";
 *
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
 * const stream = toNodeStream(a.transport);
 * assertEquals([stream.readyState, stream.encrypted, stream.bytesRead], ["open", false, 0]);
 * stream.setTimeout(10);
 * await once(stream, "timeout");
 * stream.destroy();
 * await b.transport.closed;
 * ```
 */
export interface NodeStream extends Duplex {
  /** The address of the other end; `undefined` where it has no IP address. */
  readonly remoteAddress: string | undefined;
  /** The port of the other end. */
  readonly remotePort: number | undefined;
  /** The family of the other end's address: `"IPv4"` or `"IPv6"`. */
  readonly remoteFamily: string | undefined;
  /** The address of this end; `undefined` where it has no IP address. */
  readonly localAddress: string | undefined;
  /** The port of this end. */
  readonly localPort: number | undefined;
  /** The family of this end's address. */
  readonly localFamily: string | undefined;
  /** Whether the connection is being made. */
  readonly connecting: boolean;
  /** The same as {@linkcode connecting}. */
  readonly pending: boolean;
  /** Which directions are open, in the words of `net.Socket`. */
  readonly readyState: "opening" | "open" | "readOnly" | "writeOnly" | "closed";
  /** Bytes received until now. */
  readonly bytesRead: number;
  /** Bytes written until now, those that wait in the stream included. */
  readonly bytesWritten: number;
  /** After how many milliseconds without a byte `timeout` is emitted; `undefined` if never. */
  readonly timeout: number | undefined;
  /** Whether the connection is over TLS. */
  readonly encrypted: boolean;
  /** Whether the peer showed a certificate that verifies. */
  readonly authorized: boolean;
  /** Why the certificate does not verify, as a code; `null` if it does. */
  readonly authorizationError: string | null;
  /** The application protocol that was agreed on; `false` if none, `undefined` without TLS. */
  readonly alpnProtocol: string | false | undefined;
  /** The name that the client asked for; `false` if none is known. */
  readonly servername: string | false;
  /**
   * The certificate of the peer, as node:tls has it; an empty object where none is known, as of
   * Deno's own TLS.
   *
   * @param detailed Whether those that signed it are named as well.
   */
  getPeerCertificate(detailed?: boolean): PeerCertificate | Record<string, never>;
  /** How the connection is encrypted; an empty object where that is not known. */
  getCipher(): ReturnType<TLSSocket["getCipher"]> | Record<string, never>;
  /** The version of TLS; `null` where it is not known. */
  getProtocol(): string | null;
  /** The address of this end; an empty object where it has no IP address. */
  address(): { address: string; family: string; port: number } | Record<string, never>;
  /**
   * Emits `connect` when the connection is there: for libraries that are given a stream and connect
   * it. The place to connect to is decided already, so an address is not used.
   *
   * @param args As of `net.Socket`; a function at the end is a listener of `connect`.
   */
  connect(...args: unknown[]): this;
  /** Ends the stream, and destroys it once everything was sent. */
  destroySoon(): void;
  /** Aborts the connection. */
  resetAndDestroy(): this;
  /**
   * Emits `timeout` after a time in which no byte was read or written, and goes on; 0 turns it off.
   *
   * @param milliseconds The time.
   * @param listener A listener of `timeout`, for once.
   * @throws {TypeError} If it is no number.
   * @throws {RangeError} If it is below zero.
   */
  setTimeout(milliseconds: number, listener?: () => void): this;
  /** Sends small pieces at once, or gathers them. */
  setNoDelay(noDelay?: boolean): this;
  /** Has the system probe an idle peer, or not. */
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  /** Has the connection keep the process alive, as it does unless `unref()` was called. */
  ref(): this;
  /** Lets the process end although the connection is open. */
  unref(): this;
}
