/**
 * One direction of a connection, as TCP has it.
 *
 * Written bytes are cut into segments, each of which takes its own time. The receiver gets them in
 * order: one that arrives early waits for those before it. A lost one is sent again: the first one
 * in the queue after a time that doubles with each attempt, or when three later ones have arrived;
 * the others as soon as the first one got through. After 15 attempts, which is a quarter of an
 * hour, the sender gives up.
 *
 * ```text
 * send -> segment -> (rules) -> on its way -> arrived -> in order -> receiver
 *                         ^  lost: again later  |
 *                         +---------------------+
 * ```
 *
 * A direction holds at most `window` bytes between the writer and the reader. A reader that takes
 * bytes opens the window again; a writer that waits for that is told after the way back.
 *
 * @module
 */
import { copyOf } from "../../../protocols/bytes.ts";
import type { RandomSource } from "../engine/random_source.ts";
import type { Segment, SegmentKind } from "../faults/segment_rule.ts";
import { corrupted } from "./corrupted.ts";
import type { Link } from "./link.ts";
import { connectionReset, timedOut } from "./socket_errors.ts";
import type { Wire } from "./wire.ts";

/** The first wait before a segment is sent again, beside the round trip, in milliseconds. */
const FIRST_RETRY_MS = 200;
/** The longest wait. */
const LONGEST_RETRY_MS = 120_000;
/** A segment or a reset is sent again so often: tcp_retries2 of Linux. */
const MAX_RETRIES = 15;

/** A lost segment is sent again at once when so many later ones have arrived (RFC 5681). */
const OVERTAKERS = 3;

const NO_BYTES = new Uint8Array();

/** Where a direction begins and where it ends. */
export interface FlowEnds {
  /** The name of the host that sends. */
  readonly from: string;
  /** The name of the host that receives. */
  readonly to: string;
  /** The address that sends, as text. */
  readonly source: string;
  /** The address that receives, as text. */
  readonly destination: string;
  /** The number of the connection. */
  readonly connection: number;
}

/** The receiver of a direction. */
export interface FlowReceiver {
  /** Whether its host is there at all. */
  readonly isReachable: boolean;
  /** Whether it waits for room to write. */
  readonly isWriting: boolean;
  /** The peer has taken the connection. */
  receiveOpen(): void;
  /** Bytes arrived, in order. */
  receive(bytes: Uint8Array): void;
  /** The peer has ended its direction. */
  receiveEnd(): void;
  /** The connection was reset. */
  receiveReset(): void;
}

/** The sender of a direction. */
export interface FlowSender {
  /** The window has room again. */
  onRoom(): void;
  /** The connection is gone: it was reset on its way, or no answer came for long. */
  onBroken(error: Error): void;
}

interface Travelling {
  segment: Segment;
  state: "travelling" | "arrived" | "lost";
  losses: number;
  /** How many later ones arrived since it was lost. */
  overtakers: number;
}

/** One direction of a connection. */
export class Flow {
  /** The bytes that were written and not read yet. */
  #held = 0;
  #offset = 0;
  #isRoomAwaited = false;
  #isReset = false;
  #isStopped = false;
  #refusesAnswers = false;
  #unanswered = 0;
  #lastArrival = 0;
  // How long a segment took last, in milliseconds.
  #travel = 0;
  readonly #queue: Travelling[] = [];
  readonly #wire: Wire;
  readonly #ends: FlowEnds;
  readonly #link: Link;
  readonly #back: Link;
  readonly #random: RandomSource;
  readonly #sender: FlowSender;
  readonly #receiver: FlowReceiver;

  /** A direction that nothing was sent in. */
  constructor(
    wire: Wire,
    ends: FlowEnds,
    random: RandomSource,
    sender: FlowSender,
    receiver: FlowReceiver,
  ) {
    this.#wire = wire;
    this.#ends = ends;
    this.#link = wire.link(ends.from, ends.to);
    this.#back = wire.link(ends.to, ends.from);
    this.#random = random;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  get #isLoopback(): boolean {
    return this.#ends.from === this.#ends.to;
  }

  /** Bytes that were written and not read yet. */
  get held(): number {
    return this.#held;
  }

  /** Whether everything that was sent has arrived. */
  get isDelivered(): boolean {
    return this.#queue.length === 0;
  }

  /** Takes as much of `bytes` as the window has room for; returns how much. */
  send(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#wire.window - this.#held);
    if (taken <= 0) {
      this.#isRoomAwaited = true;
      return 0;
    }
    this.#held += taken;
    const copy = copyOf(bytes, 0, taken);
    for (let start = 0; start < taken;) {
      const end = start + this.#wire.cut(taken - start, this.#random, this.#isLoopback);
      this.#enqueue("DATA", copy.subarray(start, end));
      start = end;
    }
    return taken;
  }

  /** Tells the peer that the connection is open. */
  sendOpen(): void {
    this.#enqueue("SYN-ACK", NO_BYTES);
  }

  /**
   * Ends the direction, after all that was sent. `refusesAnswers`: the peer learns in the same
   * moment that nothing takes what it writes.
   */
  sendEnd(refusesAnswers: boolean = false): void {
    this.#refusesAnswers = refusesAnswers;
    this.#enqueue("FIN", NO_BYTES);
  }

  /**
   * Resets the connection, after all that was sent. A reset that is lost is sent again only while
   * the peer waits to write: it asks for room from time to time (RFC 9293, 3.8.6.1), and is
   * answered so.
   */
  sendReset(attempts: number = 0): void {
    this.#isReset = true;
    const segment = this.#segment("RST", NO_BYTES);
    this.#wire.tell("sent", segment);
    const isLost = this.#wire.judge(segment) === "drop" || this.#isLostByChance();
    this.#wire.carry(
      segment,
      this.#travelTime(0),
      () => !isLost && this.#receiver.isReachable,
      () => this.#receiver.receiveReset(),
      () => {
        if (!this.#receiver.isWriting || attempts >= MAX_RETRIES) return;
        this.#after(retryTime(attempts, 0), () => this.sendReset(attempts + 1));
      },
    );
  }

  /** Ends the direction at once: nothing more arrives, nothing is sent again. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
  }

  /** The reader has taken so many bytes. */
  taken(bytes: number): void {
    this.#held -= bytes;
    if (!this.#isRoomAwaited || this.#isStopped) return;
    // As TCP does, so that a reader that takes little by little does not make segments tiny.
    if (this.#held > this.#wire.window / 2) return;
    this.#isRoomAwaited = false;
    this.#tellRoom(0);
  }

  /** The news of room travels back; it is told again until it gets through. */
  #tellRoom(attempts: number): void {
    const travel = this.#back.travelTime(this.#wire.scheduler.now, 0, this.#random.fraction);
    this.#wire.scheduler.after(travel, this.#ends.from, () => {
      if (this.#isStopped) return;
      if (!this.#back.isCut) return this.#sender.onRoom();
      this.#after(retryTime(attempts, 0), () => this.#tellRoom(attempts + 1));
    });
  }

  #segment(kind: SegmentKind, data: Uint8Array): Segment {
    const offset = this.#offset;
    this.#offset += data.length;
    return { ...this.#ends, segment: kind, offset, data };
  }

  #enqueue(kind: SegmentKind, data: Uint8Array): void {
    if (this.#isStopped) return;
    const one: Travelling = {
      segment: this.#segment(kind, data),
      state: "travelling",
      losses: 0,
      overtakers: 0,
    };
    this.#queue.push(one);
    this.#transmit(one);
  }

  #transmit(one: Travelling): void {
    // With a reset the system forgets what it has sent.
    if (this.#isReset) return;
    one.state = "travelling";
    const { segment } = one;
    this.#wire.tell("sent", segment);
    const verdict = this.#wire.judge(segment);
    if (verdict === "reset") return this.#breakOff();
    if (verdict === "duplicate") this.#wire.tell("duplicated", segment);
    if (verdict === "corrupt") {
      one.segment = { ...segment, data: corrupted(segment.data, this.#random) };
    }
    const isLost = verdict === "drop" || this.#isLostByChance();
    const delay = typeof verdict === "object" ? verdict.delay : 0;
    const travel = this.#travelTime(segment.data.length) + delay;
    this.#after(travel, () => this.#arrive(one, isLost));
  }

  /** Both ends learn that the connection was reset on its way. */
  #breakOff(): void {
    this.stop();
    this.#after(this.#travelTime(0), () => {
      this.#receiver.receiveReset();
      this.#sender.onBroken(connectionReset());
    });
  }

  #travelTime(bytes: number): number {
    const { now } = this.#wire.scheduler;
    this.#travel = this.#link.travelTime(now, bytes, this.#random.fraction);
    // Segments of one direction go the same way, and do not overtake each other.
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#travel);
    return this.#lastArrival - now;
  }

  #isLostByChance(): boolean {
    return this.#random.chance(this.#link.conditions.loss ?? 0);
  }

  #after(delay: number, run: () => void): void {
    this.#wire.scheduler.after(delay, this.#ends.to, run);
  }

  #arrive(one: Travelling, isLost: boolean): void {
    if (this.#isStopped) return;
    if (this.#link.keep(() => this.#arrive(one, isLost))) return;
    if (isLost || this.#link.isCut || !this.#receiver.isReachable) return this.#lose(one);
    one.state = "arrived";
    this.#wire.tell("arrived", one.segment);
    this.#noticeLoss();
    this.#deliver();
  }

  /** The answers to later segments tell the sender that the first one is missing. */
  #noticeLoss(): void {
    const [first] = this.#queue;
    if (first?.state !== "lost" || this.#back.isCut) return;
    if (++first.overtakers === OVERTAKERS) this.#transmit(first);
  }

  #lose(one: Travelling): void {
    this.#wire.tell("lost", one.segment);
    one.state = "lost";
    one.losses++;
    if (this.#queue[0] === one) this.#retryLater(one);
  }

  #retryLater(one: Travelling): void {
    this.#after(retryTime(one.losses - 1, 2 * this.#travel), () => {
      if (this.#isStopped || one.state !== "lost") return;
      if (one.losses > MAX_RETRIES) this.#giveUp();
      else this.#transmit(one);
    });
  }

  #giveUp(): void {
    this.stop();
    this.#sender.onBroken(timedOut());
  }

  /** Hands over what is there in order, then sends again what was lost after it. */
  #deliver(): void {
    const queue = this.#queue;
    let count = 0;
    while (queue[count]?.state === "arrived") count++;
    if (count === 0) return;
    for (const { segment } of queue.splice(0, count)) {
      if (this.#isStopped) return;
      this.#hand(segment);
    }
    if (this.#back.isCut) this.#awaitAnswer();
    for (const one of [...queue]) if (one.state === "lost") this.#transmit(one);
  }

  #hand({ segment, data }: Segment): void {
    if (segment === "SYN-ACK") this.#receiver.receiveOpen();
    else if (segment === "DATA") this.#receiver.receive(data);
    else {
      this.#receiver.receiveEnd();
      if (this.#refusesAnswers) this.#receiver.receiveReset();
    }
  }

  /** Data passes and its acknowledgement does not: the sender gives up in the end. */
  #awaitAnswer(): void {
    if (this.#unanswered > 0) return;
    const check = (): void => {
      if (this.#isStopped) return;
      if (!this.#back.isCut) return void (this.#unanswered = 0);
      if (++this.#unanswered > MAX_RETRIES) return this.#giveUp();
      this.#after(retryTime(this.#unanswered, 0), check);
    };
    this.#unanswered = 1;
    this.#after(FIRST_RETRY_MS, check);
  }
}

/** How long to wait before the next attempt. */
function retryTime(attempts: number, roundTrip: number): number {
  return Math.min((FIRST_RETRY_MS + roundTrip) * 2 ** attempts, LONGEST_RETRY_MS);
}
