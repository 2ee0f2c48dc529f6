import type { WriteBufferLimits } from "../../../protocols/contract.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import type { Carrier } from "../carrier.ts";
import { isOrdinary } from "../../../protocols/bytes.ts";
import { Loan } from "../memory/loan.ts";
import { flushScheduler } from "./flush_scheduler.ts";
import type { SystemBytes } from "./system_bytes.ts";
import { WaterMarks } from "./water_marks.ts";
import { WriteQueue } from "./write_queue.ts";

/** From this many queued bytes on, bytes are sent at once: waiting for more would save nothing. */
const EAGER_SIZE = 16_384;

const NO_BYTES = new Uint8Array(0);

/** From so many bytes on they are sent without a copy if nothing waits and the carrier can. */
const DIRECT_SIZE = 8192;

/** Shared by all queues without a watcher: most of them. */
const NO_WATCHERS: readonly never[] = [];

/** Those who wait until so many bytes are sent. */
interface Flush {
  end: number;
  readonly waiting: WaitQueue;
}

/** How an operation of the carrier may settle. */
interface Answers {
  onWritten(n: number): void;
  onFailed(error: unknown): void;
}

/** The events of the outgoing half. */
export interface OutboundEvents {
  /** The queue rose above the high mark. */
  onPause(): void;
  /** The queue fell to the low mark. */
  onResume(): void;
  /**
   * All was sent, and the direction ended if that was asked for. Comes again whenever it is true
   * anew.
   */
  onFlushed(): void;
  /** Sending failed; nothing more is sent. */
  onWriteError(error: unknown): void;
  /**
   * What is queued cannot be sent as it was written: its memory is gone, or the carrier says that
   * it took what there was not. Nothing more is sent, and no peer will tell.
   */
  onQueueError(error: unknown): void;
}

/**
 * The outgoing half of a connection: `write -> queue -> one operation at a time -> carrier`.
 * Bytes written while an operation is under way are the next operation.
 */
export class Outbound {
  readonly #carrier: Carrier;
  readonly #events: OutboundEvents;
  readonly #queue = new WriteQueue();
  readonly #marks: WaterMarks;
  // "asked": the direction is to end once the queue is empty.
  #end: "open" | "asked" | "ended" = "open";
  #busy = false;
  #scheduled = false;
  #stopped = false;
  #hasFailed = false;
  #sent = 0;
  // Bytes that were dropped because sending had failed.
  #abandoned = 0;
  #watchers: readonly { readonly callback: () => void }[] = NO_WATCHERS;
  // Those who wait until so many bytes are sent, in order.
  #flushes: Flush[] | null = null;
  // Handed to every operation that takes its time: made once, when there is one.
  #answers: Answers | null = null;

  /** Starts idle; the limits are those of `setWriteBufferLimits`. */
  constructor(
    carrier: Carrier,
    events: OutboundEvents,
    limits?: { readonly high?: number; readonly low?: number },
  ) {
    this.#carrier = carrier;
    this.#events = events;
    this.#marks = new WaterMarks(limits);
  }

  /** Bytes accepted and not yet taken over by the carrier. */
  get size(): number {
    return this.#queue.size;
  }

  /** Bytes accepted and never taken over by the carrier. */
  get unsent(): number {
    return this.#abandoned + this.#queue.size;
  }

  /** Bytes the carrier took over. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the writer was told to pause. */
  get paused(): boolean {
    return this.#marks.paused;
  }

  /** Whether the direction was told to end. */
  get isEnding(): boolean {
    return this.#end !== "open";
  }

  /** Whether there is nothing left to do. */
  get isFlushed(): boolean {
    return !this.#busy && this.#queue.size === 0 && this.#end !== "asked";
  }

  /** The water marks, in bytes. Setting them may pause the writer, but never resumes it. */
  get limits(): WriteBufferLimits {
    return this.#marks.limits;
  }

  set limits(limits: { readonly high?: number; readonly low?: number }) {
    this.#marks.limits = limits;
    this.#pauseIfFull();
  }

  /**
   * Queues bytes, as a copy if they are few or may change; {@linkcode commit} follows.
   *
   * @param areOwned Whether bytes have their memory for themselves: it is used again then.
   */
  push(data: Uint8Array | string, areOwned: boolean): void {
    if (typeof data === "string" || areOwned || data.length < DIRECT_SIZE) {
      return this.#queue.push(data, areOwned);
    }
    const sent = this.#sendDirectly(data);
    if (sent < data.length) this.#queue.push(sent === 0 ? data : data.subarray(sent), false);
  }

  /** Sends the start of bytes from where they lie, if nothing is queued; gives how many. */
  #sendDirectly(bytes: Uint8Array): number {
    if (this.#queue.size > 0 || this.#busy || this.#end !== "open") return 0;
    if (this.#carrier.tryWrite === undefined || !isOrdinary(bytes)) return 0;
    if (this.#stopped || this.#hasFailed) return 0;
    const sent = this.#carrier.tryWrite(bytes);
    this.#sent += sent;
    if (sent > 0) { for (const { callback } of this.#watchers) callback(); }
    return sent;
  }

  /** Queues bytes of the system, as {@linkcode Outbound.push}. */
  pushSystem(source: SystemBytes, length: number): void {
    this.#queue.pushSystem(source, length);
  }

  /** Has what was pushed sent in time, and pauses the writer if it is too much. */
  commit(): void {
    if (this.#queue.size === 0) return this.#tellIfFlushed();
    if (!this.#busy) this.#flushInTime();
    this.#pauseIfFull();
  }

  /** Ends the direction once everything is sent. */
  end(): void {
    this.#end = "asked";
    this.flush();
  }

  /** Starts sending now, unless an operation is under way or nothing is queued. */
  flush(): void {
    const { sent, size } = this;
    this.#sendQueued();
    // Bytes that the system had not after all are neither sent nor queued.
    if (this.#sent !== sent || this.size < size) this.#tellIfFlushed();
  }

  /**
   * Calls back whenever the carrier took something over; the function that it returns ends that.
   */
  watchSent(callback: () => void): () => void {
    const watcher = { callback };
    this.#watchers = [...this.#watchers, watcher];
    return () => void (this.#watchers = this.#watchers.filter((one) => one !== watcher));
  }

  /** Where to wait until what is queued now is sent or dropped; `null` if nothing is. */
  get sentQueue(): WaitQueue | null {
    if (this.size === 0) return null;
    const end = this.#sent + this.size;
    const flushes = this.#flushes ??= [];
    let flush = flushes.at(-1);
    if (flush?.end !== end) flushes.push(flush = { end, waiting: new WaitQueue() });
    return flush.waiting;
  }

  /** Drops the queued bytes, after sending has failed; waits for them end. */
  abandon(): void {
    this.#abandoned = this.#queue.size;
    this.#queue.clear();
    this.#endFlushes(Infinity);
  }

  /** Stops for good and forgets what is queued. */
  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
    this.#endFlushes(Infinity);
  }

  #flushInTime(): void {
    if (this.#queue.size >= EAGER_SIZE) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      flushScheduler.flushSoon(this);
    } else flushScheduler.deferFlush();
  }

  #pauseIfFull(): void {
    if (this.#marks.pausesAt(this.#queue.size)) this.#events.onPause();
  }

  /** Sends until an operation stays under way or nothing is left; `goesOn` after an operation. */
  #sendQueued(goesOn = false): void {
    // Lent memory moves to the queue when its callback has returned.
    if (Loan.flushAfter(this)) return;
    this.#scheduled = false;
    for (; !this.#busy && !this.#stopped && !this.#hasFailed; goesOn = true) {
      if (this.#queue.size === 0) {
        if (this.#end !== "asked") return;
        this.#sendEnd();
      } else if (goesOn && turnBudget.spend()) return void this.#rest();
      else this.#send();
    }
  }

  #tellIfFlushed(): void {
    if (this.isFlushed && !this.#stopped) this.#events.onFlushed();
  }

  /** Starts one operation; a carrier may be done with it at once. */
  #send(): void {
    const { system } = this.#queue;
    const bytes = system === null ? this.#peek() : NO_BYTES;
    if (bytes === undefined) return;
    try {
      this.#busy = true;
      const written = system === null
        ? this.#carrier.write(bytes)
        : system.source.send(system.length);
      if (typeof written === "number") this.#take(written);
      else this.#await(written);
    } catch (error) {
      // A user's carrier that throws where it should reject.
      this.#onFailed(error);
    }
  }

  #peek(): Uint8Array | undefined {
    try {
      return this.#queue.peek();
    } catch (error) {
      this.#fail(() => this.#events.onQueueError(error));
      return undefined;
    }
  }

  #take(n: number): void {
    this.#busy = false;
    if (this.#stopped) return;
    const before = this.#queue.size;
    try {
      this.#queue.consume(n);
    } catch (error) {
      return this.#fail(() => this.#events.onQueueError(error));
    }
    this.#sent += n;
    if (n === 0) this.#forgetMissing(before);
    for (const { callback } of this.#watchers) callback();
    if (this.#flushes !== null) this.#endFlushes(this.#sent);
    // First the protocol, which may write more, then the check of the rest: asyncio's order.
    if (this.#marks.resumesAt(this.#queue.size)) this.#events.onResume();
  }

  /** The system had fewer bytes than were queued: none waits for those. */
  #forgetMissing(before: number): void {
    const missing = before - this.#queue.size;
    for (const flush of this.#flushes ?? []) flush.end -= missing;
  }

  #endFlushes(sent: number): void {
    const flushes = this.#flushes ?? [];
    while (flushes[0] !== undefined && flushes[0].end <= sent) flushes.shift()?.waiting.release();
  }

  #sendEnd(): void {
    this.#busy = true;
    try {
      const ended = this.#carrier.closeWrite?.() ?? Promise.resolve();
      ended.then(() => this.#onEnded(), (error) => this.#onFailed(error));
    } catch (error) {
      this.#onFailed(error);
    }
  }

  #onEnded(): void {
    this.#busy = false;
    this.#end = "ended";
    if (!this.#stopped) this.#events.onFlushed();
  }

  /** A peer that takes everything at once must not hold up the others. */
  async #rest(): Promise<void> {
    this.#busy = true;
    await turnBudget.untilRenewed();
    this.#busy = false;
    this.#sendQueued();
    this.#tellIfFlushed();
  }

  #await(written: Promise<number>): void {
    const { onWritten, onFailed } = this.#answers ??= {
      onWritten: (n) => {
        this.#take(n);
        this.#sendQueued(true);
        this.#tellIfFlushed();
      },
      onFailed: (error) => this.#onFailed(error),
    };
    written.then(onWritten, onFailed);
  }

  #onFailed(error: unknown): void {
    this.#fail(() => this.#events.onWriteError(error));
  }

  #fail(tell: () => void): void {
    this.#busy = false;
    if (this.#stopped || this.#hasFailed) return;
    this.#hasFailed = true;
    tell();
  }
}
