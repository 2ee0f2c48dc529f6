import type { Address } from "../../protocols/facts/address.ts";
import type { WriteBufferLimits } from "../../protocols/contract.ts";
import { DatagramTooLargeError } from "../../protocols/errors/datagram_errors.ts";
import { ConnectionLostError, WriteBufferFullError } from "../../protocols/errors.ts";
import { copyOf } from "../../protocols/bytes.ts";
import { formatAddress } from "../core/addresses.ts";
import { callBack, type CallbackErrorSink } from "../core/callbacks.ts";
import { toError } from "../core/error_report.ts";
import { WriteSegment } from "../core/write/write_segment.ts";
import { WaterMarks } from "../core/write/water_marks.ts";
import type { DatagramCarrier } from "./datagram_carrier.ts";
import { formatDestination, isNamed, type NamedDestination } from "./_destination.ts";
import type { NameCache } from "./name_cache.ts";
import type { SendPolicy } from "./queue_policies.ts";
import { SizedQueue } from "./_sized_queue.ts";

/** The size of each datagram beside its bytes, as in asyncio: the header of UDP. */
const HEADER_SIZE = 8;

/** How many datagrams a carrier is offered at once. */
const MAX_TOGETHER = 32;

/** Longer datagrams are copied into memory of their own, in bytes. */
const SHARED_LIMIT = 2048;

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
  /** A callback of the user threw, or its promise rejected. */
  readonly onCallbackError: CallbackErrorSink;
  /** A datagram was not sent, and its sender did not ask to be told. */
  onError(error: Error): void;
  /** Everything was sent. Comes again whenever it is true anew. */
  onFlushed(): void;
}

/** The sender of a datagram, who may have asked to be told. */
interface Sender {
  readonly onSettled: Settle | undefined;
}

interface Entry extends Sender {
  readonly data: Uint8Array;
  readonly segment: WriteSegment | null;
  readonly destination: Address;
}

interface NamedEntry extends Omit<Entry, "destination"> {
  readonly destination: NamedDestination;
}

/**
 * The outgoing half of an endpoint:
 * `send -> (look-up of a name) -> queue -> one at a time -> carrier`. Datagrams to one destination
 * keep their order. Those to a host whose name is being looked up let others pass.
 */
export class Outgoing {
  /** How many datagrams the system accepted. */
  sent = 0;
  /** How many were dropped for want of room. */
  dropped = 0;
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
  // Why nothing is sent any more.
  #stopped: ConnectionLostError | null = null;

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

  /** Queues a copy of a datagram. */
  send(bytes: Uint8Array, destination: Address | NamedDestination, onSettled?: Settle): void {
    const sender: Sender = { onSettled };
    if (!this.#hasRoom(destination, sender)) return;
    // Those who were dropped to make room may have ended the endpoint.
    if (this.#stopped !== null) return this.#tell(sender, this.#stopped);
    if (isNamed(destination)) {
      const known = this.#names?.get(destination.name);
      const entry = { data: copyOf(bytes), segment: null, destination, onSettled };
      if (known === undefined) this.#awaitName(entry);
      else this.#push({ ...entry, destination: at(known, destination) });
    } else {
      // A datagram that leaves at once, or in this turn, needs no memory of its own.
      const isShared = this.#leavesSoon && bytes.length <= SHARED_LIMIT;
      const segment = isShared ? WriteSegment.shared(bytes.length) : null;
      const data = segment === null ? copyOf(bytes) : segment.hold(bytes);
      this.#push({ data, segment, destination, onSettled });
    }
    this.#pauseIfFull();
  }

  /** Stops for good; the senders of queued datagrams get the reason. */
  stop(reason: Error | null): void {
    const error = new ConnectionLostError(
      "Cannot send datagram: the endpoint is closed",
      reason === null ? {} : { cause: reason },
    );
    this.#stopped = error;
    if (this.#inFlight !== null) this.#tell(this.#inFlight, error);
    for (const queue of [this.#queue, ...this.#named.values()]) {
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        this.#tell(entry, error);
      }
    }
  }

  get #leavesSoon(): boolean {
    if (this.#inFlight === null) return true;
    return this.#carrier.trySendMany !== undefined && this.#queue.length < MAX_TOGETHER;
  }

  #push(entry: Entry): void {
    if (this.#inFlight === null && this.#queue.length === 0) this.#sendNow(entry);
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
    if (this.#stopped !== null) return;
    const entry = this.#inFlight;
    if (entry === null) return;
    this.#inFlight = null;
    if (thrown === null) this.sent++;
    this.#settle(entry, thrown);
    this.#sendQueued();
  };

  #settle(entry: Entry, thrown: unknown): void {
    entry.segment?.release();
    this.#tell(entry, thrown === null ? null : toError(thrown));
    this.#resumeIfLow();
  }

  #sendQueued(): void {
    while (this.#stopped === null && this.#inFlight === null) {
      if (this.#sendTogether()) continue;
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#sendNow(next);
    }
    if (this.#stopped === null) this.#noteFlushed();
  }

  /** Whether the carrier has taken some that wait in one call. */
  #sendTogether(): boolean {
    if (this.#queue.length < 2 || this.#carrier.trySendMany === undefined) return false;
    const outcomes = this.#carrier.trySendMany(this.#queue.first(MAX_TOGETHER));
    const done = outcomes.map(() => this.#queue.shift());
    // Before a sender is told, who may end the endpoint.
    for (const outcome of outcomes) if (outcome === null) this.sent++;
    done.forEach((entry, i) => entry !== undefined && this.#settle(entry, outcomes[i]));
    return done.length > 0;
  }

  #noteFlushed(): void {
    if (!this.isFlushed) return;
    this.#hasToldFull = false;
    this.#events.onFlushed();
  }

  #tell(sender: Sender, error: Error | null): void {
    if (sender.onSettled !== undefined) {
      callBack(sender, "onSettled", this.#events.onCallbackError, error);
    } else if (error !== null && this.#stopped === null) this.#events.onError(error);
  }

  /**
   * Applies the policy if the queue is full; `false` if the new datagram is the one that is
   * dropped.
   */
  #hasRoom(destination: Address | NamedDestination, sender: Sender): boolean {
    const { maxWriteBuffer, sendPolicy } = this.#options;
    // An error costs more than the datagram: it is made for those only who are told.
    const full = (): Error =>
      new WriteBufferFullError(this.size, maxWriteBuffer, formatDestination(destination));
    while (this.size > maxWriteBuffer) {
      this.dropped++;
      const oldest = sendPolicy === "drop-oldest" ? this.#queue.shift() : undefined;
      if (oldest === undefined) {
        this.#refuse(sender, full);
        return false;
      }
      if (oldest.onSettled !== undefined) this.#tell(oldest, full());
    }
    return true;
  }

  #refuse(sender: Sender, full: () => Error): void {
    if (sender.onSettled !== undefined) this.#tell(sender, full());
    else if (this.#options.sendPolicy === "wait" && !this.#hasToldFull) {
      this.#hasToldFull = true;
      this.#events.onError(full());
    }
  }

  #awaitName(entry: NamedEntry): void {
    const { name } = entry.destination;
    const waiting = this.#named.get(name) ?? new SizedQueue<NamedEntry>(HEADER_SIZE);
    waiting.push(entry);
    if (this.#named.has(name)) return;
    this.#named.set(name, waiting);
    this.#names?.resolve(name).then(
      (hostname) =>
        this.#leaveName(
          name,
          (one) => this.#push({ ...one, destination: at(hostname, one.destination) }),
        ),
      (error) => this.#leaveName(name, (one) => this.#tell(one, toError(error))),
    );
  }

  /** Sees to all that waits for the address of a name. */
  #leaveName(name: string, see: (entry: NamedEntry) => void): void {
    const waiting = this.#named.get(name);
    this.#named.delete(name);
    for (let entry = waiting?.shift(); entry !== undefined; entry = waiting?.shift()) {
      if (this.#stopped !== null) this.#tell(entry, this.#stopped);
      else see(entry);
    }
    if (this.#stopped !== null) return;
    this.#resumeIfLow();
    this.#noteFlushed();
  }

  #pauseIfFull(): void {
    if (this.#stopped === null && this.#marks.pausesAt(this.size)) this.#events.onPause();
  }

  #resumeIfLow(): void {
    if (this.#stopped !== null || !this.#marks.resumesAt(this.size)) return;
    this.#hasToldFull = false;
    this.#events.onResume();
  }
}

function at(hostname: string, { port }: NamedDestination): Address {
  return { transport: "udp", hostname, port };
}
