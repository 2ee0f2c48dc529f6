import type { Address, MemoryAddress } from "../../../protocols/facts/address.ts";
import { copyOf } from "../../../protocols/bytes.ts";
import { nextTurn } from "../../core/clock.ts";
import {
  type DatagramCarrier,
  type DatagramSink,
  emptyViews,
  MAX_DATAGRAM_SIZE,
} from "../datagram_carrier.ts";

/**
 * A network of datagrams inside this process: what is sent to a name arrives there a turn later.
 */
export class MemoryHub {
  readonly #carriers = new Map<string, MemoryDatagramCarrier>();

  /**
   * Binds a name.
   *
   * @throws {Deno.errors.AddrInUse} If it is taken.
   */
  bind(name: string): DatagramCarrier {
    if (this.#carriers.has(name)) {
      throw new Deno.errors.AddrInUse(`Cannot bind memory:${name}: the name is taken`);
    }
    const carrier = new MemoryDatagramCarrier(name, this.#carriers);
    this.#carriers.set(name, carrier);
    return carrier;
  }
}

/** One name of a {@linkcode MemoryHub}. */
class MemoryDatagramCarrier implements DatagramCarrier {
  readonly address: MemoryAddress;
  readonly maxSize: number = MAX_DATAGRAM_SIZE;
  readonly #others: Map<string, MemoryDatagramCarrier>;
  #sink: DatagramSink | null = null;

  constructor(name: string, others: Map<string, MemoryDatagramCarrier>) {
    this.address = Object.freeze({ transport: "memory", name });
    this.#others = others;
  }

  start(sink: DatagramSink): void {
    this.#sink = sink;
  }

  send(data: Uint8Array, destination: Address, onSettled: (error: unknown) => void): void {
    const copy = copyOf(data);
    void nextTurn().then(() => {
      // As on a network, where the sender does not learn whether it arrives.
      const name = destination.transport === "memory" ? destination.name : "";
      this.#others.get(name)?.deliver(copy, this.address);
      onSettled(null);
    });
  }

  deliver(data: Uint8Array<ArrayBuffer>, from: MemoryAddress): void {
    const use = this.#sink?.receive(data, from, false);
    if (use === "lent") emptyViews(data);
  }

  close(): void {
    this.#sink = null;
    this.#others.delete(this.address.name);
  }

  getExtraInfo(name: string): unknown {
    return name === "sockname" ? this.address : undefined;
  }
}
