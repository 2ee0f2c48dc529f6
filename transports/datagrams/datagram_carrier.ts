import type { Address, NetAddress } from "../../protocols/facts/address.ts";
import type { GroupOptions } from "../../protocols/datagram_contract.ts";

/**
 * The longest datagram that UDP carries over IPv4, and the default of `maxDatagramSize`, in bytes.
 */
export const MAX_DATAGRAM_SIZE = 65_507;

/** The longest that it carries from an address: over IPv6 its length does not count the header. */
export function maxDatagramSizeOf({ hostname }: NetAddress): number {
  return hostname.includes(":") ? 65_527 : MAX_DATAGRAM_SIZE;
}

/**
 * The use that a {@linkcode DatagramSink} made of memory that it was shown:
 *
 * - `"copied"`: there is no view of it.
 * - `"lent"`: views of it are held and must become empty.
 * - `"kept"`: it is in use; the sink detaches it later.
 */
export type MemoryUse = "copied" | "lent" | "kept";

/** Empties every view of lent memory, unless its receiver has transferred it away. */
export function emptyViews({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (!buffer.detached) buffer.transfer(0);
}

/** Lent memory without its views; new memory if its receiver has transferred it away. */
export function takeBack(
  { buffer }: Uint8Array<ArrayBuffer>,
  size: number,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.detached ? new ArrayBuffer(size) : buffer.transfer());
}

/** Takes the datagrams that a {@linkcode DatagramCarrier} receives. */
export interface DatagramSink {
  /**
   * A datagram arrived. It may lie in memory that is used again.
   *
   * @param data What arrived.
   * @param address Where it came from.
   * @param isTruncated Whether its end is missing.
   */
  receive(data: Uint8Array<ArrayBuffer>, address: Address, isTruncated: boolean): MemoryUse;
  /** Receiving failed; it goes on. */
  fail(error: unknown): void;
  /** The socket is gone though the endpoint is open. Nothing follows. */
  lose(error: unknown): void;
}

/** One of several datagrams that are sent together. */
export interface DatagramToSend {
  /** The bytes. */
  readonly data: Uint8Array;
  /** Where it goes. */
  readonly destination: Address;
}

/** A datagram that a carrier has not sent yet. */
export interface DatagramUnderWay extends DatagramToSend {
  /** Told once, with the failure or `null`. */
  readonly onSettled: (error: unknown) => void;
}

/** The carrier of the datagrams of one endpoint: the only part in which networks differ. */
export interface DatagramCarrier {
  /** The address it is bound to. */
  readonly address: Address;
  /** The peer that its socket is connected to, if another has connected it. */
  readonly peer?: Address | undefined;
  /** The longest datagram that it can send, in bytes; `null` where only the system knows. */
  readonly maxSize: number | null;
  /** Begins to receive into `sink`. Called once. */
  start(sink: DatagramSink): void;
  /**
   * Sends one datagram, one at a time.
   *
   * @param data The bytes, which stay unchanged until `onSettled` is called.
   * @param destination Where it goes.
   * @param onSettled Called later, once: with `null` when the system has taken it over, else with
   * why it was not sent. The same function for every datagram.
   */
  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void;
  /**
   * Sends some of several datagrams in one call of the system, if it takes them at once: for a
   * carrier to which a call costs much. Only called while no {@linkcode send} waits.
   *
   * @returns How it went with the first ones, as many as were tried: `null`, or why one was not
   * sent. The others are left to be sent one at a time.
   */
  trySendMany?(datagrams: readonly DatagramToSend[]): readonly unknown[];
  /** Joins a multicast group. Absent where there are none. */
  joinGroup?(group: string, options: GroupOptions): Promise<void>;
  /** Leaves a multicast group. */
  leaveGroup?(group: string, options: GroupOptions): Promise<void>;
  /** Releases everything at once; pending operations must settle. Called once. */
  close(): void;
  /** A fact about the endpoint, see `DatagramTransport.getExtraInfo`; `undefined` if not known. */
  getExtraInfo(name: string): unknown;
}

/** Options for sending to multicast groups. */
export interface MulticastOptions {
  /**
   * How many routers a datagram to a group may pass, 1 to 255. IPv4 only.
   *
   * @default {1}
   */
  readonly ttl?: number;
  /**
   * Whether members on this machine receive datagrams that it sends to the group.
   *
   * @default {true}
   */
  readonly loopback?: boolean;
  /**
   * The interface to send from: an IPv4 address of it, or for IPv6 `::%name`. The system chooses by
   * default.
   */
  readonly interface?: string;
}

/** Options for binding the socket of an endpoint. */
export interface DatagramBindOptions {
  /**
   * The longest datagram that is received whole, in bytes.
   *
   * @default {65507}
   */
  readonly maxDatagramSize?: number;
  /**
   * Whether others may bind the same port, as members of one multicast group do.
   *
   * @default {false}
   */
  readonly reuseAddress?: boolean;
  /**
   * Whether datagrams may be sent to a broadcast address.
   *
   * @default {false}
   */
  readonly allowBroadcast?: boolean;
  /**
   * Whether an IPv6 endpoint leaves IPv4 alone. Without it, one that is bound to `"::"` has both;
   * IPv4 peers then have addresses such as `::ffff:192.0.2.1`.
   *
   * @default {false}
   */
  readonly ipv6Only?: boolean;
  /** How many routers a datagram may pass, 1 to 255. The system has a default, mostly 64. */
  readonly ttl?: number;
  /** How datagrams to multicast groups are sent. */
  readonly multicast?: MulticastOptions;
}
