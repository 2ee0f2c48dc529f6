import type { Address } from "../../protocols/address.ts";
import type { WriteBufferLimits } from "../../protocols/contract.ts";
import { DatagramTooLargeError } from "../../protocols/errors/datagram_errors.ts";
import { ConnectionLostError, WriteBufferFullError } from "../../protocols/errors.ts";
import { formatAddress } from "../core/addresses.ts";
import { toError } from "../core/error_report.ts";
import { WaterMarks } from "../core/write/water_marks.ts";
import type { DatagramCarrier } from "./datagram_carrier.ts";
import type { NamedDestination } from "./_destination.ts";
import type { NameCache } from "./name_cache.ts";
import type { SendPolicy } from "./queue_policies.ts";
import { SizedQueue } from "./_sized_queue.ts";

/** What each datagram counts beside its bytes, as in asyncio: the header of UDP. */
const HEADER_SIZE = 8;

/** Told how sending one datagram went. */
export type Settle = (error: Error | null) => void;

/** Options for {@linkcode Outgoing}. */
export interface OutgoingOptions {
  readonly writeBufferLimits: Partial<WriteBufferLimits>;
  readonly maxWriteBuffer: number;
  readonly sendPolicy: SendPolicy;
}

/** The events of the outgoing half. */
export interface OutgoingEvents {
  /** The queue rose above the high mark. */
  onPause(): void;
  /** The queue fell to the low mark. */
  onResume(): void;
  /** A datagram was not sent, and its sender did not ask to be told. */
  onSendError(error: Error): void;
  /** Everything was sent. Comes again whenever it is true anew. */
  onFlushed(): void;
}

interface Entry {
  readonly data: Uint8Array;
  readonly destination: Address;
  readonly settle: Settle | undefined;
}

interface NamedEntry extends Omit<Entry, "destination"> {
  readonly destination: NamedDestination;
}

/**
 * The outgoing half of an endpoint: `send -> (look-up of a name) -> queue -> one at a time -> carrier`.
 * Datagrams to one destination keep their order. Those to a host whose name is being looked up let
 * others pass.
 */
export class Outgoing {
  readonly #carrier: DatagramCarrier;
  readonly #names: NameCache | null;
  readonly #events: OutgoingEvents;
  readonly #options: OutgoingOptions;
  readonly #marks: WaterMarks;
  readonly #queue = new SizedQueue<Entry>(HEADER_SIZE);
  readonly #named = new Map<string, SizedQueue<NamedEntry>>();
  #inFlight: Entry | null = null;
  // Since the queue was full the sender has been told so.
  #hasToldFull = false;
  #isStopped = false;
  #sent = 0;
  #dropped = 0;

  /** Starts idle. Without `names` there are no hosts to look up. */
  constructor(
    carrier: DatagramCarrier,
    names: NameCache | null,
    events: OutgoingEvents,
    options: OutgoingOptions,
  ) {
    this.#carrier = carrier;
    this.#names = names;
    this.#events = events;
    this.#options = options;
    this.#marks = new WaterMarks(options.writeBufferLimits);
  }

  /** Bytes that are queued or on their way to the system, with 8 for each datagram. */
  get size(): number {
    const inFlight = this.#inFlight === null ? 0 : this.#queue.sizeOf(this.#inFlight);
    let size = this.#queue.size + inFlight;
    if (this.#named.size > 0) { for (const waiting of this.#named.values()) size += waiting.size; }
    return size;
  }

  /** How many datagrams are queued or on their way to the system. */
  get unsent(): number {
    const inFlight = this.#inFlight === null ? 0 : 1;
    return [...this.#named.values()].reduce(
      (sum, { length }) => sum + length,
      this.#queue.length + inFlight,
    );
  }

  /** How many datagrams the system took over. */
  get sent(): number {
    return this.#sent;
  }

  /** How many were dropped for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the sender was told to pause. */
  get isPaused(): boolean {
    return this.#marks.paused;
  }

  /** Whether nothing is left to do. */
  get isFlushed(): boolean {
    return this.#inFlight === null && this.#queue.length === 0 && this.#named.size === 0;
  }

  /** The water marks, in bytes. To set them may pause the sender, but never resumes it. */
  get limits(): WriteBufferLimits {
    return this.#marks.limits;
  }

  set limits(limits: { readonly high?: number; readonly low?: number }) {
    this.#marks.limits = limits;
    this.#pauseIfFull();
  }

  /** Queues a datagram, whose bytes belong to the queue from now on. */
  send(data: Uint8Array, destination: Address | NamedDestination, settle?: Settle): void {
    if (this.size > this.#options.maxWriteBuffer && !this.#makeRoom(destination, settle)) return;
    if ("port" in destination && "name" in destination) {
      const known = this.#names?.get(destination.name);
      if (known === undefined) this.#awaitName({ data, destination, settle });
      else this.#push({ data, destination: at(known, destination), settle });
    } else this.#push({ data, destination, settle });
    this.#pauseIfFull();
  }

  /** Stops for good; the senders of queued datagrams get the reason. */
  stop(reason: Error | null): void {
    this.#isStopped = true;
    const error = new ConnectionLostError(
      "Cannot send datagram: the endpoint is closed",
      reason === null ? {} : { cause: reason },
    );
    this.#inFlight?.settle?.(error);
    for (const queue of [this.#queue, ...this.#named.values()]) {
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        entry.settle?.(error);
      }
    }
  }

  #push(entry: Entry): void {
    if (this.#inFlight === null) this.#sendNow(entry);
    else this.#queue.push(entry);
  }

  #sendNow(entry: Entry): void {
    this.#inFlight = entry;
    const { maxSize } = this.#carrier;
    const { data, destination } = entry;
    try {
      if (maxSize !== null && data.length > maxSize) {
        throw new DatagramTooLargeError(data.length, maxSize, formatAddress(destination));
      }
      this.#carrier.send(data, destination, this.#onSettled);
    } catch (error) {
      // Never inside of the call that sends.
      queueMicrotask(() => this.#onSettled(error));
    }
  }

  // Made once: it is handed to every operation.
  readonly #onSettled = (thrown: unknown): void => {
    if (this.#isStopped) return;
    const entry = this.#inFlight;
    this.#inFlight = null;
    if (thrown === null) this.#sent++;
    this.#tell(entry?.settle, thrown === null ? null : toError(thrown));
    this.#resumeIfLow();
    if (this.#isStopped) return;
    if (this.#inFlight === null) {
      const next = this.#queue.shift();
      if (next !== undefined) return this.#sendNow(next);
    }
    this.#noteFlushed();
  };

  #noteFlushed(): void {
    if (!this.isFlushed) return;
    this.#hasToldFull = false;
    this.#events.onFlushed();
  }

  #tell(settle: Settle | undefined, error: Error | null): void {
    if (settle !== undefined) settle(error);
    else if (error !== null) this.#events.onSendError(error);
  }

  /** Applies the policy; `false` if the datagram that needs room is the one that is dropped. */
  #makeRoom(destination: Address | NamedDestination, settle: Settle | undefined): boolean {
    const { maxWriteBuffer, sendPolicy } = this.#options;
    // An error costs more than the datagram: it is made for those only who are told.
    const full = (): Error =>
      new WriteBufferFullError(this.size, maxWriteBuffer, show(destination));
    this.#dropped++;
    const oldest = sendPolicy === "drop-oldest" ? this.#queue.shift() : undefined;
    if (oldest !== undefined) {
      oldest.settle?.(full());
      return true;
    }
    if (settle !== undefined) settle(full());
    else if (sendPolicy === "wait" && !this.#hasToldFull) {
      this.#hasToldFull = true;
      this.#events.onSendError(full());
    }
    return false;
  }

  #awaitName(entry: NamedEntry): void {
    const { name } = entry.destination;
    const waiting = this.#named.get(name) ?? new SizedQueue<NamedEntry>(HEADER_SIZE);
    waiting.push(entry);
    if (this.#named.has(name)) return;
    this.#named.set(name, waiting);
    this.#names?.resolve(name).then(
      (hostname) => this.#onResolved(name, hostname),
      (error) => this.#onUnknown(name, toError(error)),
    );
  }

  #onResolved(name: string, hostname: string): void {
    const waiting = this.#named.get(name);
    this.#named.delete(name);
    for (let entry = waiting?.shift(); entry !== undefined; entry = waiting?.shift()) {
      if (!this.#isStopped) this.#push({ ...entry, destination: at(hostname, entry.destination) });
    }
  }

  #onUnknown(name: string, error: Error): void {
    const waiting = this.#named.get(name);
    this.#named.delete(name);
    for (let entry = waiting?.shift(); entry !== undefined; entry = waiting?.shift()) {
      if (!this.#isStopped) this.#tell(entry.settle, error);
    }
    if (this.#isStopped) return;
    this.#resumeIfLow();
    this.#noteFlushed();
  }

  #pauseIfFull(): void {
    if (!this.#isStopped && this.#marks.pausesAt(this.size)) this.#events.onPause();
  }

  #resumeIfLow(): void {
    if (this.#isStopped || !this.#marks.resumesAt(this.size)) return;
    this.#hasToldFull = false;
    this.#events.onResume();
  }
}

function at(hostname: string, { port }: NamedDestination): Address {
  return { transport: "udp", hostname, port };
}

function show(destination: Address | NamedDestination): string {
  const isNamed = "name" in destination && "port" in destination;
  return isNamed ? `${destination.name}:${destination.port}` : formatAddress(destination);
}
