/**
 * The contract between what carries bytes and what gives them meaning.
 *
 * A transport calls a protocol, a protocol holds its transport: the two name each other, so both
 * are in this one file. Facts about connections are leaves of their own. The order of calls is
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
import type { Bytes } from "./bytes.ts";
import type { CloseInfo } from "./facts/close_info.ts";
import type { ExtraInfo, ExtraInfoValue } from "./facts/extra_info.ts";

/** Bounds of a transport's write buffer, in bytes. */
export interface WriteBufferLimits {
  /** Above this many buffered bytes `pauseWriting` is called. */
  readonly high: number;
  /** At this many or fewer `resumeWriting` is called. */
  readonly low: number;
}

/** Options for {@linkcode Transport.write} and {@linkcode Transport.writelines}. */
export interface WriteOptions {
  /**
   * Whether the memory of the data is given away, as by `postMessage` with a list of what to
   * transfer: the data is detached at once, so that its length is 0, and nothing is copied. Later
   * reads use the memory again. A view of a part of a buffer, and memory that cannot be
   * transferred, is copied and stays as it is.
   *
   * @default {false}
   */
  readonly transfer?: boolean;
}

/** Options for {@linkcode Transport.setProtocol}. */
export interface SetProtocolOptions {
  /**
   * Bytes that the protocol before was handed and did not use, possibly none. They are delivered
   * first.
   */
  readonly unread?: Bytes;
  /**
   * Whether `eofReceived` is called again, after the unread bytes, if the protocol before was told
   * the end of the data. By default if `unread` is given.
   */
  readonly replayEof?: boolean;
}

/** Options for {@linkcode Transport.abort}. */
export interface AbortOptions {
  /** The argument of `connectionLost`; `null` if none is given. */
  readonly reason?: Error;
  /**
   * Resets the connection (TCP's RST) instead of ending it: the peer's next read fails, so it
   * cannot take what it has for the whole. Only some networks can: `nodeNetwork` does.
   *
   * @default {false}
   */
  readonly reset?: boolean;
}

/**
 * A byte stream in both directions, as a protocol sees it: asyncio's `Transport`.
 *
 * Every method may be called at any time, from any callback. None waits, and none calls
 * `connectionLost` before it returns. To make one of your own, see `Carrier` and
 * `TransportWrapper`.
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
   * Small data (up to 16 KiB) is copied, so its buffer may be used again directly. Larger data is
   * sent from where it lies: leave it unchanged until it is flushed. If its memory is transferred
   * away or shrinks before, the connection ends with a `TypeError`. Shared and resizable memory is
   * copied. A chunk that is lent (see {@linkcode ProtocolCallbacks.borrowsChunks}) may be written
   * as any other. Data given after `close()`, `abort()` or the loss of the connection is dropped;
   * empty data does nothing.
   *
   * @param data Bytes, or a string that is sent as UTF-8.
   * @param options Whether the memory of the data is given away.
   * @returns Whether more may be written now: `false` while writing is paused, which is advice.
   * @throws {TypeError} If `data` is neither bytes nor a string, or its memory was transferred
   * away.
   * @throws {InvalidStateError} If `writeEof()` was called before.
   */
  write(data: Uint8Array | string, options?: WriteOptions): boolean;
  /**
   * Queues several pieces as if they were one.
   *
   * @param parts The pieces, in order. One that is neither bytes nor a string throws a `TypeError`
   * before any of them is queued. Pieces of anything but an array are copied, so a generator may
   * use one buffer for all of them.
   * @param options Whether the memory of the pieces is given away.
   * @returns What {@linkcode Transport.write} returns.
   * @throws As {@linkcode Transport.write}.
   */
  writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean;
  /**
   * Ends the writing direction once all that was queued is sent. Reading goes on. Does nothing the
   * second time or after `close()`.
   *
   * @throws {InvalidStateError} If the transport cannot do that, see
   * {@linkcode Transport.canWriteEof}.
   */
  writeEof(): void;
  /** Whether {@linkcode Transport.writeEof} can be called on this transport. */
  canWriteEof(): boolean;
  /**
   * Stops reading, sends what is queued, then ends the connection with `connectionLost(null)`. Does
   * nothing the second time.
   *
   * It has no deadline: a peer that does not read keeps the connection closing, until `abort()`.
   */
  close(): void;
  /**
   * Ends the connection now and drops what is queued. Does nothing once it is lost.
   *
   * @param reason What `connectionLost` is told; without it `null`. Or options, to reset the
   * connection.
   * @throws {TypeError} If a reset is asked for and the network of the connection cannot do that;
   * the connection goes on.
   */
  abort(reason?: Error | AbortOptions): void;
  /** Whether the connection is closing or closed. */
  isClosing(): boolean;
  /**
   * Stops calling the protocol with data; a chunk that is already under way waits. Does nothing if
   * already paused or closing.
   */
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
  /** How many bytes are queued: accepted by `write` and not yet taken by the system. */
  getWriteBufferSize(): number;
  /**
   * Makes another protocol receive the bytes that come next, and those that wait because reading is
   * paused. Neither protocol is told.
   *
   * @param protocol The protocol that receives from now on.
   * @param options Bytes that the protocol before it did not use, and whether to tell the end of
   * the data again. Bytes alone are short for `{ unread }`.
   * @throws {TypeError} If an option is of the wrong kind; the protocol stays the same.
   */
  setProtocol(protocol: AnyProtocol, options?: SetProtocolOptions | Bytes): void;
  /** The protocol that receives what comes. */
  getProtocol(): AnyProtocol;
  /**
   * Looks up a fact about the connection; still answers inside `connectionLost`.
   *
   * @param name What to look up, see `ExtraInfo`.
   * @param fallback What to return where it is not known; `null` by default.
   */
  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F;
  /** Resolves after `connectionLost` to how the connection ended. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  /**
   * Calls {@linkcode Transport.close} and waits for {@linkcode Transport.closed}, at the end of a
   * scope that says `await using`. A peer that does not take within 10 s what is queued has the
   * connection aborted.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The callbacks of every protocol. An exception of a callback is reported once to the connection's
 * `onError` and ends the connection with that error. A callback may be async: a rejection counts as
 * an exception.
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
  /**
   * Sending failed, as when the peer has stopped reading. Queued bytes and later writes are
   * dropped. Bytes that the peer sent are still delivered, and its end; then `connectionLost` is
   * called with the failure.
   *
   * A protocol that pauses reading should have this callback. Without it a paused connection is
   * lost at once.
   */
  writingFailed?(error: Error): void;
}

/**
 * The callbacks of a protocol that is handed chunks. Any object with some of these methods is a
 * protocol.
 *
 * @example A plain object
 * ```ts
 * import { memoryTransportPair, type ProtocolCallbacks, type Transport } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * function echo(): ProtocolCallbacks {
 *   let transport: Transport;
 *   return {
 *     connectionMade: (made) => transport = made,
 *     dataReceived: (chunk) => transport.write(chunk),
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
  /**
   * Whether chunks are lent instead of given. A lent chunk is a view of memory that is used again,
   * so nothing is allocated for it. It is valid until {@linkcode ProtocolCallbacks.dataReceived}
   * returns, or its promise settles. Then it is detached: its length is 0, and it never shows other
   * bytes. Copy what you keep. `write(chunk)` is safe at any size, on any transport.
   *
   * @default {false}
   */
  readonly borrowsChunks?: boolean;
  /**
   * Bytes arrived, in a buffer of their own: keep, change or transfer them. If
   * {@linkcode ProtocolCallbacks.borrowsChunks} is `true` they are lent instead. Nothing more is
   * read until a returned promise settles.
   */
  dataReceived?(chunk: Bytes): unknown;
  /**
   * The peer ended its direction. A truthy answer keeps ours open; otherwise the transport closes.
   * While a returned promise is pending it stays open.
   */
  eofReceived?(): boolean | void | Promise<boolean | void>;
}

/**
 * The callbacks of a protocol that lends the buffer to read into. It is told apart by having
 * `getBuffer`.
 */
export interface BufferedProtocolCallbacks extends BaseProtocolCallbacks {
  /**
   * Asks for the buffer that the next bytes go to; it must not be empty.
   *
   * @param sizeHint How many bytes are known to wait; -1 where that is not known.
   */
  getBuffer(sizeHint: number): Uint8Array;
  /**
   * `bytes` bytes were put at the start of the last buffer. Nothing more is read until a returned
   * promise settles.
   */
  bufferUpdated?(bytes: number): unknown;
  /** As {@linkcode ProtocolCallbacks.eofReceived}. */
  eofReceived?(): boolean | void | Promise<boolean | void>;
}

/** A protocol of either kind that a {@linkcode Transport} can drive. */
export type AnyProtocol = ProtocolCallbacks | BufferedProtocolCallbacks;
