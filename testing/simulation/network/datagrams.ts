import { AsyncLocalStorage } from "node:async_hooks";
import type { Address, NetAddress } from "../../../protocols/facts/address.ts";
import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { GroupOptions } from "../../../protocols/datagram_contract.ts";
import { DatagramTooLargeError } from "../../../protocols/errors/datagram_errors.ts";
import {
  type DatagramCarrier,
  type DatagramSink,
  emptyViews,
  MAX_DATAGRAM_SIZE,
} from "../../../transports/datagrams/datagram_carrier.ts";

/** The host of a datagram socket. */
export interface DatagramHost {
  /** Something went on. */
  touch(): void;
  /** A datagram leaves. */
  post(socket: SimulatedDatagrams, data: Bytes, to: NetAddress): void;
  /** The socket was closed. */
  onDatagramsClosed(socket: SimulatedDatagrams): void;
}

/** Options for a datagram socket. */
interface SocketOptions {
  /** The longest datagram that is received whole. */
  readonly maxDatagramSize: number;
  /** Whether others may bind the same port. */
  readonly isShared: boolean;
}

/** A simulated UDP socket. */
export class SimulatedDatagrams implements DatagramCarrier {
  /** Where it is bound. */
  readonly address: NetAddress;
  /** Where it is bound, as Deno has it. */
  readonly addr: Deno.NetAddr;
  /** The longest datagram that it sends. */
  readonly maxSize: number = MAX_DATAGRAM_SIZE;
  /** Whether others may bind the same port. */
  readonly isShared: boolean;
  /** When it was bound, in milliseconds of virtual time. */
  since = 0;
  readonly #host: DatagramHost;
  readonly #maxDatagramSize: number;
  readonly #groups = new Set<string>();
  #sink: DatagramSink | null = null;
  // Callbacks of the program see what was in force where it began to receive.
  #restore: ReturnType<typeof AsyncLocalStorage.snapshot> | null = null;
  #isGone = false;

  /** A socket that receives nothing yet. */
  constructor(host: DatagramHost, hostname: string, port: number, options: SocketOptions) {
    this.#host = host;
    this.address = Object.freeze({ transport: "udp", hostname, port });
    this.addr = this.address as Deno.NetAddr;
    this.isShared = options.isShared;
    this.#maxDatagramSize = options.maxDatagramSize;
  }

  /** Begins to receive. */
  start(sink: DatagramSink): void {
    this.#sink = sink;
    this.#restore = AsyncLocalStorage.snapshot();
  }

  /** Sends one datagram. */
  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void {
    this.#host.touch();
    if (this.#isGone) return;
    queueMicrotask(() => onSettled(this.#send(data, destination)));
  }

  #send(data: Uint8Array, destination: Address): Error | null {
    if (destination.transport !== "udp") {
      return new TypeError(`Cannot send datagram to ${destination.transport}`);
    }
    if (data.length > MAX_DATAGRAM_SIZE) {
      const { hostname, port } = destination;
      return new DatagramTooLargeError(data.length, MAX_DATAGRAM_SIZE, `${hostname}:${port}`);
    }
    this.#host.post(this, copyOf(data), destination);
    return null;
  }

  /** A datagram arrived. */
  receive(data: Bytes, from: NetAddress): void {
    const [sink, restore] = [this.#sink, this.#restore];
    if (sink === null || restore === null) return;
    const isTruncated = data.length > this.#maxDatagramSize;
    const shown = isTruncated ? data.subarray(0, this.#maxDatagramSize) : data;
    this.#host.touch();
    const use = restore(() => sink.receive(shown, from, isTruncated));
    if (use === "lent") emptyViews(shown);
  }

  /** Whether it is a member of a multicast group. */
  isIn(group: string): boolean {
    return this.#groups.has(group);
  }

  /** Joins a multicast group. */
  joinGroup(group: string, _options: GroupOptions): Promise<void> {
    this.#groups.add(group);
    return Promise.resolve();
  }

  /** Leaves a multicast group. */
  leaveGroup(group: string, _options: GroupOptions): Promise<void> {
    if (this.#groups.delete(group)) return Promise.resolve();
    const message = `Cannot leave ${group}: it was not joined`;
    return Promise.reject(new Deno.errors.AddrNotAvailable(message));
  }

  /** Releases it. */
  close(): void {
    this.#host.touch();
    this.vanish();
    this.#host.onDatagramsClosed(this);
  }

  /** Its host is gone: it receives nothing more. */
  vanish(): void {
    this.#sink = null;
    this.#isGone = true;
  }

  /** Where it is bound. */
  getExtraInfo(name: string): unknown {
    return name === "sockname" ? this.address : undefined;
  }
}
