import type { Address, NetAddress } from "../../../protocols/facts/address.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { GroupOptions } from "../../../protocols/datagram_contract.ts";
import { DatagramTooLargeError } from "../../../protocols/errors/datagram_errors.ts";
import { formatAddress, fromDenoAddr } from "../../core/addresses.ts";
import { nextTurn } from "../../core/clock.ts";
import { describeOsError } from "../../core/os_error.ts";
import { AddressCache } from "./_address_cache.ts";
import {
  type DatagramBindOptions,
  type DatagramCarrier,
  type DatagramSink,
  MAX_DATAGRAM_SIZE,
  takeBack,
} from "../datagram_carrier.ts";

/** What Deno gives for a membership. */
interface Membership {
  leave(): Promise<void>;
}

/** The datagram that is being sent. */
interface InFlight {
  readonly size: number;
  readonly destination: NetAddress;
  readonly onSettled: (error: unknown) => void;
}

/** Datagrams over a UDP socket of `Deno.listenDatagram`, which needs `--unstable-net`. */
class NativeDatagramCarrier implements DatagramCarrier {
  readonly address: NetAddress;
  /** Only the system knows. */
  readonly maxSize: null = null;
  readonly #conn: Deno.DatagramConn;
  readonly #maxDatagramSize: number;
  readonly #addresses = new AddressCache();
  readonly #memberships = new Map<string, Membership>();
  #inFlight: InFlight | null = null;
  #isOpen = true;

  /** Takes a socket that is bound. */
  constructor(conn: Deno.DatagramConn, address: NetAddress, maxDatagramSize: number) {
    this.#conn = conn;
    this.address = address;
    this.#maxDatagramSize = maxDatagramSize;
  }

  start(sink: DatagramSink): void {
    void this.#receiveAll(sink);
  }

  send(data: Uint8Array, destination: NetAddress, onSettled: (error: unknown) => void): void {
    this.#inFlight = { size: data.length, destination, onSettled };
    this.#conn.send(data, destination).then(this.#onSent, this.#onFailed);
  }

  // Made once, for one datagram is under way at a time.
  readonly #onSent = (): void => this.#inFlight?.onSettled(null);

  readonly #onFailed = (error: unknown): void => {
    const { size, destination, onSettled } = this.#inFlight ?? {};
    if (destination) onSettled?.(describeSendError(error, size ?? 0, destination));
  };

  async joinGroup(group: string, options: GroupOptions): Promise<void> {
    const { interface: where, source } = options;
    if (source !== undefined || (where !== undefined && group.includes(":"))) {
      throw new TypeError(
        `Cannot join ${group} with a source, or on an interface of IPv6: Deno.listenDatagram cannot; ` +
          "open the endpoint with the option multicast, which has it use node:dgram",
      );
    }
    const membership = group.includes(":")
      ? await this.#conn.joinMulticastV6(group, 0)
      : await this.#conn.joinMulticastV4(group, where ?? "0.0.0.0");
    this.#memberships.set(nameOf(group, options), membership);
  }

  async leaveGroup(group: string, options: GroupOptions): Promise<void> {
    const name = nameOf(group, options);
    const membership = this.#memberships.get(name);
    if (membership === undefined) {
      throw new Deno.errors.AddrNotAvailable(`Cannot leave ${group}: it was not joined`);
    }
    this.#memberships.delete(name);
    await membership.leave();
  }

  close(): void {
    this.#isOpen = false;
    try {
      this.#conn.close();
    } catch {
      // It was closed already.
    }
  }

  getExtraInfo(name: string): unknown {
    if (name === "socket") return this.#conn;
    return name === "sockname" ? this.address : undefined;
  }

  async #receiveAll(sink: DatagramSink): Promise<void> {
    const max = this.#maxDatagramSize;
    // One byte more than the longest datagram shows that one was longer.
    let memory = new Uint8Array(max + 1);
    while (this.#isOpen) {
      try {
        const [received, from] = await this.#conn.receive(memory);
        if (!this.#isOpen) return;
        // A view of the memory above.
        const isTruncated = received.length > max;
        const data = (isTruncated ? received.subarray(0, max) : received) as Bytes;
        const use = sink.receive(data, this.#toAddress(from), isTruncated);
        if (use === "lent") memory = takeBack(memory, max + 1);
        else if (use === "kept") memory = new Uint8Array(max + 1);
      } catch (error) {
        if (!this.#isOpen) return;
        if (isGone(error)) return sink.lose(error);
        sink.fail(describeOsError(error, "Cannot receive datagram"));
        await nextTurn();
      }
    }
  }

  #toAddress(addr: Deno.Addr): NetAddress {
    if (addr.transport === "udp") return this.#addresses.get(addr.hostname, addr.port);
    throw new TypeError(`Cannot receive from ${addr.transport}`);
  }
}

/**
 * Binds a UDP socket of `Deno.listenDatagram`.
 *
 * @throws The error of the system.
 */
export function bindNativeDatagrams(
  hostname: string,
  port: number,
  { reuseAddress = false, maxDatagramSize = MAX_DATAGRAM_SIZE }: DatagramBindOptions,
): NativeDatagramCarrier {
  const place = { transport: "udp", hostname, port, reuseAddress, loopback: true } as const;
  const conn = Deno.listenDatagram(place);
  const address = fromDenoAddr(conn.addr);
  if (address?.transport !== "udp") throw new TypeError(`Cannot bind ${conn.addr.transport}`);
  return new NativeDatagramCarrier(conn, address, maxDatagramSize);
}

/** A failure to send, with the address. A datagram that is too long has a class of its own. */
export function describeSendError(error: unknown, size: number, destination: Address): Error {
  const where = formatAddress(destination);
  const isTooLong = error instanceof Error && /os error (40|90|10040)/.test(error.message);
  if (isTooLong) return new DatagramTooLargeError(size, null, where, { cause: error });
  return describeOsError(error, `Cannot send datagram to ${where}`);
}

function nameOf(group: string, options: GroupOptions): string {
  return `${group} ${options.interface ?? ""}`;
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
