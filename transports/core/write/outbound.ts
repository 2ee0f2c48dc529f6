import type { WriteBufferLimits } from "../../../protocols/contract.ts";
import { isOrdinary } from "../../../protocols/bytes.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import type { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import type { Carrier } from "../carrier.ts";
import { Loan } from "../memory/loan.ts";
import { flushScheduler } from "./flush_scheduler.ts";
import { END, MemoryPiece, type Piece, SystemPiece } from "./piece.ts";
import { SentListeners } from "./sent_listeners.ts";
import type { SystemBytes } from "./system_bytes.ts";
import { WaterMarks } from "./water_marks.ts";
import { WriteQueue } from "./write_queue.ts";

/** From this many queued bytes on, bytes are sent at once: waiting for more would save nothing. */
const EAGER_SIZE = 16_384;
/** From so many bytes on they are sent without a copy if nothing waits and the carrier can. */
const DIRECT_SIZE = 8192;

/** The events of the outgoing half. */
export interface OutboundEvents {
  /** The queue rose above the high mark. */
  onPause(): void;
  /** The queue fell to the low mark. */
  onResume(): void;
  /** All was sent, and the direction ended if that was asked for. May come again. */
  onFlushed(): void;
  /** Sending failed; nothing more is sent. */
  onWriteError(error: unknown): void;
  /**
   * The queued bytes cannot be sent as they were written: their memory is gone, or the carrier says
   * that it took more than there was. Nothing more is sent, and no peer will tell.
   */
  onQueueError(error: unknown): void;
}

/**
 * The outgoing half of a connection: `write -> queue -> one operation at a time -> carrier`. Bytes
 * written while an operation is under way are the next operation.
 *
 * ```text
 * idle       commit -> scheduled, or busy with much   flush -> busy
 * scheduled  flush, at the end of this turn -> busy
 * busy       the operation is done, or others have had their turn -> idle   it fails -> over
 * over       nothing more is sent: sending has failed, or the connection is lost by stop
 * ```
 */
export class Outbound {
  readonly #carrier: Carrier;
  readonly #events: OutboundEvents;
  readonly #queue = new WriteQueue();
  readonly #marks: WaterMarks;
  #state: "idle" | "scheduled" | "busy" | "over" = "idle";
  #isEnding = false;
  #sent = 0;
  // Made for the first of them: most connections have none.
  #listeners: SentListeners | null = null;
  // Given to each operation that takes its time: made for the first one.
  #onWritten: ((n: number) => void) | undefined;
  #onFailed: ((error: unknown) => void) | undefined;

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
    return this.#isEnding;
  }

  /** Whether there is nothing left to do. */
  get isFlushed(): boolean {
    return this.#state !== "busy" && this.#queue.first === null;
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

  /** Sends bytes from where they lie, after all that is queued; no one else may use them. */
  sendNow(bytes: Uint8Array): void {
    this.#queue.add(new MemoryPiece(bytes, null));
    this.flush();
    this.#pauseIfFull();
  }

  /** Queues bytes of the system, as {@linkcode Outbound.push}. */
  pushSystem(source: SystemBytes, length: number): void {
    this.#queue.add(new SystemPiece(source, length));
  }

  /** Has what was pushed sent in time, and pauses the writer if it is too much. */
  commit(): void {
    const { size } = this.#queue;
    if (size === 0) return this.#tellIfFlushed();
    if (size >= EAGER_SIZE) this.flush();
    else if (this.#state === "scheduled") flushScheduler.deferFlush();
    else if (this.#state === "idle") {
      this.#state = "scheduled";
      flushScheduler.flushSoon(this);
    }
    this.#pauseIfFull();
  }

  /** Ends the direction once everything is sent. */
  end(): void {
    this.#isEnding = true;
    this.#queue.add(END);
    this.flush();
  }

  /**
   * Sends until an operation stays under way or nothing is left.
   *
   * @param isNext Whether an operation has just ended.
   */
  flush(isNext: boolean = false): void {
    // Lent memory moves to the queue when its callback has returned.
    if (Loan.flushAfter(this)) return;
    if (this.#state === "scheduled") this.#state = "idle";
    for (; this.#state === "idle"; isNext = true) {
      const piece = this.#queue.first;
      if (piece === null) return this.#tellIfFlushed();
      if (isNext && turnBudget.spend()) this.#rest();
      else this.#send(piece);
    }
  }

  /** Those who are told of sent bytes. */
  get listeners(): SentListeners {
    return this.#listeners ??= new SentListeners();
  }

  /** Where to wait until the bytes that are queued now are sent or dropped; `null` if none are. */
  get sentQueue(): WaitQueue | null {
    return this.size === 0 ? null : this.listeners.waitsFor(this.#sent + this.size);
  }

  /** Stops for good and forgets what is queued. */
  stop(): void {
    this.#state = "over";
    this.#queue.clear();
    this.#listeners?.endWaits();
  }

  #pauseIfFull(): void {
    if (this.#marks.pausesAt(this.#queue.size)) this.#events.onPause();
  }

  #tellIfFlushed(): void {
    if (this.isFlushed && this.#state !== "over") this.#events.onFlushed();
  }

  /** Sends the start of bytes from where they lie, if nothing is queued; gives how many. */
  #sendDirectly(bytes: Uint8Array): number {
    if (this.#state !== "idle" || this.#queue.first !== null) return 0;
    if (this.#carrier.tryWrite === undefined || !isOrdinary(bytes)) return 0;
    const sent = this.#carrier.tryWrite(bytes);
    this.#sent += sent;
    if (sent > 0) this.#listeners?.tell(this.#sent, 0);
    return sent;
  }

  /** Starts one operation; a carrier may be done with it at once. */
  #send(piece: Piece): void {
    this.#state = "busy";
    try {
      const written = piece.send(this.#carrier);
      if (typeof written === "number") return this.#take(written);
      written.then(
        this.#onWritten ??= (n) => {
          this.#take(n);
          this.flush(true);
        },
        this.#onFailed ??= (error) => this.#fail("onWriteError", error),
      );
    } catch (error) {
      // A user's carrier may throw where it should reject.
      this.#fail(piece.isGone ? "onQueueError" : "onWriteError", error);
    }
  }

  /** A peer that takes everything at once must not hold up the others. */
  #rest(): void {
    this.#state = "busy";
    void turnBudget.untilRenewed().then(() => {
      if (this.#state === "over") return;
      this.#state = "idle";
      this.flush();
    });
  }

  /** The operation is done, and has sent `n` bytes. */
  #take(n: number): void {
    if (this.#state === "over") return;
    this.#state = "idle";
    let missing: number;
    try {
      missing = this.#queue.consume(n) - n;
    } catch (error) {
      return this.#fail("onQueueError", error);
    }
    this.#sent += n;
    this.#listeners?.tell(this.#sent, missing);
    // First the protocol, which may write more, then the check of the rest: asyncio's order.
    if (this.#marks.resumesAt(this.#queue.size)) this.#events.onResume();
  }

  #fail(event: "onWriteError" | "onQueueError", error: unknown): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#events[event](error);
  }
}
