import type { NetAddress } from "../../../protocols/facts/address.ts";
import type { GroupOptions } from "../../../protocols/datagram_contract.ts";
import { fromDenoAddr } from "../../core/addresses.ts";
import { DenoDatagramCarrier, describeSendError } from "./_deno_datagram_carrier.ts";
import { AddressCache } from "./_address_cache.ts";
import {
  type DatagramBindOptions,
  type DatagramUnderWay,
  MAX_DATAGRAM_SIZE,
} from "../datagram_carrier.ts";

/** Deno's object for a membership. */
interface Membership {
  leave(): Promise<void>;
}

/** Datagrams over a UDP socket of `Deno.listenDatagram`. */
class NativeDatagramCarrier extends DenoDatagramCarrier<NetAddress> {
  readonly #addresses = new AddressCache();
  readonly #memberships = new Map<string, Membership>();
  #inFlight: DatagramUnderWay | null = null;

  send(data: Uint8Array, destination: NetAddress, onSettled: (error: unknown) => void): void {
    this.#inFlight = { data, destination, onSettled };
    this.conn.send(data, destination).then(this.#onSent, this.#onFailed);
  }

  // Made once, for one datagram is under way at a time.
  readonly #onSent = (): void => this.#inFlight?.onSettled(null);

  readonly #onFailed = (error: unknown): void => {
    if (this.#inFlight === null) return;
    const { data, destination, onSettled } = this.#inFlight;
    onSettled(describeSendError(error, data.length, destination));
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
      ? await this.conn.joinMulticastV6(group, 0)
      : await this.conn.joinMulticastV4(group, where ?? "0.0.0.0");
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

  protected senderOf(_data: Uint8Array, addr: Deno.Addr): NetAddress {
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

function nameOf(group: string, options: GroupOptions): string {
  return `${group} ${options.interface ?? ""}`;
}
