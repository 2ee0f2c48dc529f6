import { type IpEnd, parseIpv4, parseIpv6 } from "../../../transports/core/ip_address.ts";
import type { SegmentEvent } from "../trace.ts";

/** The first of the ports that systems give to clients. */
const FIRST_CLIENT_PORT = 49_152;
/** The port shown for a Unix socket, which no dissector claims. */
const UNIX_PORT = 40_000;

/**
 * The addresses of packets. Each host has a loopback address of its own, 127.0.0.1 for the first
 * one, so that those of different hosts are not taken for one. Unix sockets are shown as ports of
 * it.
 */
export class PacketAddresses {
  readonly #loopbacks = new Map<string, Uint8Array>();
  readonly #onName: (ip: Uint8Array, name: string) => void;
  readonly #named = new Set<string>();

  /** `onName` gets the address of each host, once. */
  constructor(onName: (ip: Uint8Array, name: string) => void) {
    this.#onName = onName;
  }

  /** The ends of a segment: addresses of one kind. */
  of({ from, to, source, destination, connection }: SegmentEvent): [IpEnd, IpEnd] {
    const [a, b] = [this.#end(from, source, connection), this.#end(to, destination, connection)];
    if (a.ip.length === b.ip.length) return [a, b];
    return [mapped(a), mapped(b)];
  }

  #end(host: string, address: string, connection: number): IpEnd {
    const [, name, port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(address) ?? [];
    const ip = name === undefined ? null : parseIpv4(name) ?? parseIpv6(name);
    if (ip === null) {
      const client = FIRST_CLIENT_PORT + connection % (65_536 - FIRST_CLIENT_PORT);
      return { ip: this.#loopbackOf(host), port: address === "unix" ? client : UNIX_PORT };
    }
    if (ip.length === 4 && ip[0] === 127) return { ip: this.#loopbackOf(host), port: Number(port) };
    const isOne = ip.length === 16 || (ip[0] ?? 0) < 224;
    if (isOne) this.#tellName(ip, host);
    return { ip, port: Number(port) };
  }

  #loopbackOf(host: string): Uint8Array {
    const known = this.#loopbacks.get(host);
    if (known !== undefined) return known;
    const number = this.#loopbacks.size + 1;
    const ip = Uint8Array.of(127, number >> 16, (number >> 8) & 255, number & 255);
    this.#loopbacks.set(host, ip);
    this.#tellName(ip, `${host}.localhost`);
    return ip;
  }

  #tellName(ip: Uint8Array, name: string): void {
    if (this.#named.has(name)) return;
    this.#named.add(name);
    this.#onName(ip, name);
  }
}

/** An IPv4 address as one of IPv6. */
function mapped({ ip, port }: IpEnd): IpEnd {
  if (ip.length === 16) return { ip, port };
  const bytes = new Uint8Array(16);
  bytes.fill(255, 10, 12);
  bytes.set(ip, 12);
  return { ip: bytes, port };
}
