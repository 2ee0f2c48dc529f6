import type { Address } from "../../protocols/facts/address.ts";
import type { DatagramProtocolCallbacks } from "../../protocols/datagram_contract.ts";
import { DatagramTruncatedError } from "../../protocols/errors/datagram_errors.ts";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { formatAddress } from "../core/addresses.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";
import { emptyViews, type MemoryUse } from "./datagram_carrier.ts";
import { isSameAddress } from "./_destination.ts";
import type { ReceivePolicy } from "./queue_policies.ts";
import { SizedQueue } from "./_sized_queue.ts";

/** The size of each datagram that waits beside its bytes: about the memory of its objects. */
const ENTRY_SIZE = 256;

/** Options for {@linkcode Incoming}. */
export interface IncomingOptions {
  readonly maxReadBuffer: number;
  readonly receivePolicy: ReceivePolicy;
}

/** The events of the incoming half. */
export interface IncomingEvents {
  /** A callback of the user threw, or its promise rejected. */
  readonly onCallbackError: CallbackErrorSink;
  /** A datagram cannot be used. */
  onError(error: Error): void;
}

interface Entry {
  readonly data: Bytes;
  readonly address: Address;
}

/**
 * The incoming half of an endpoint:
 * `carrier -> peer filter -> (queue while held back) -> protocol`. Datagrams are held back while
 * reading is paused, and while a promise of the protocol is pending.
 */
export class Incoming {
  /** Who receives. */
  protocol: DatagramProtocolCallbacks;
  /** How many datagrams were delivered. */
  received = 0;
  /** How many were dropped for want of room, came cut off, came from others than the peer. */
  readonly dropped = { received: 0, truncated: 0, strangers: 0 };
  readonly #peer: Address | null;
  readonly #events: IncomingEvents;
  readonly #options: IncomingOptions;
  readonly #queue = new SizedQueue<Entry>(ENTRY_SIZE);
  #isPaused = false;
  #isBusy = false;
  #isDraining = false;
  #isStopped = false;

  /** With a `peer`, what others send is dropped. */
  constructor(
    protocol: DatagramProtocolCallbacks,
    peer: Address | null,
    events: IncomingEvents,
    options: IncomingOptions,
  ) {
    this.protocol = protocol;
    this.#peer = peer;
    this.#events = events;
    this.#options = options;
  }

  /** Whether reading is paused. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Holds datagrams back. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers what was held back, in a later turn, and what comes. */
  resume(): void {
    this.#isPaused = false;
    void this.#drain();
  }

  /** Delivers nothing from now on. */
  stop(): void {
    this.#isStopped = true;
    this.dropped.received += this.#queue.length;
    while (this.#queue.shift() !== undefined);
  }

  /** As `DatagramSink.receive`. */
  receive(data: Bytes, address: Address, isTruncated: boolean): MemoryUse {
    if (this.#isStopped) return "copied";
    if (this.#peer !== null && !isSameAddress(this.#peer, address)) {
      this.dropped.strangers++;
    } else if (isTruncated) {
      this.dropped.truncated++;
      const error = new DatagramTruncatedError(
        copyOf(data),
        address,
        formatAddress(address),
      );
      this.#events.onError(error);
    } else if (this.#isHeld || this.#queue.length > 0) {
      this.#hold({ data: copyOf(data), address });
    } else if (this.protocol.borrowsChunks) {
      return this.#lend(data, address);
    } else {
      this.#deliver(copyOf(data), address);
    }
    return "copied";
  }

  get #isHeld(): boolean {
    return this.#isPaused || this.#isBusy || this.#isStopped;
  }

  #hold(entry: Entry): void {
    const { maxReadBuffer, receivePolicy } = this.#options;
    const needed = this.#queue.sizeOf(entry);
    if (receivePolicy === "drop-oldest") {
      while (this.#queue.length > 0 && this.#queue.size + needed > maxReadBuffer) {
        this.#queue.shift();
        this.dropped.received++;
      }
    }
    if (this.#queue.size + needed > maxReadBuffer) this.dropped.received++;
    else this.#queue.push(entry);
  }

  /** Delivers a view of memory that is used again; what the protocol keeps of it becomes empty. */
  #lend(data: Bytes, address: Address): MemoryUse {
    const settled = this.#deliver(data, address);
    if (settled === undefined) return "lent";
    void settled.then(() => emptyViews(data));
    return "kept";
  }

  /** Calls the protocol; returns a promise, which never rejects, if that does. */
  #deliver(data: Bytes, address: Address): Promise<void> | undefined {
    this.received++;
    const answer = callBack(
      this.protocol,
      "datagramReceived",
      this.#events.onCallbackError,
      data,
      address,
    );
    return answer instanceof Promise ? this.#await(answer) : undefined;
  }

  async #await(answer: Promise<unknown>): Promise<void> {
    this.#isBusy = true;
    await answer;
    this.#isBusy = false;
    void this.#drain();
  }

  /** Delivers what waits, as long as nothing holds it back. */
  async #drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    // Never inside of a call of the user.
    await null;
    while (!this.#isHeld) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      // The callback may set another protocol.
      const { borrowsChunks } = this.protocol;
      const settled = this.#deliver(entry.data, entry.address);
      if (borrowsChunks) {
        await settled;
        emptyViews(entry.data);
      }
      if (turnBudget.spend()) await turnBudget.untilRenewed();
    }
    this.#isDraining = false;
  }
}
