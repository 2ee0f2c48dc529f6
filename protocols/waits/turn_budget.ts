import { WaitQueue } from "./wait_queue.ts";
import type { WaitSignal } from "./wait_signal.ts";

/** How long one loop may go on within a turn of the event loop, in milliseconds. */
const LOOP_BUDGET_MS = 4;
/** How long all loops together may. */
const TURN_BUDGET_MS = 8;
/**
 * The clock is read after this many steps at most, and so many times within the budget if steps are
 * slow.
 */
const MAX_STEPS = 16;
const LOOKS = 8;
/**
 * Deno looks for events of the system each time it has nothing to do, but only every 61st time
 * while something is ready: so many immediate callbacks one after the other see all of them, and
 * cost less than a tenth of a timer.
 */
const IMMEDIATES_PER_TURN = 64;

/**
 * Where a {@linkcode TurnBudget} gets time and turns from: the event loop, or what a test puts in
 * its place.
 */
export interface TurnSource {
  /** The time now, in milliseconds since any moment. */
  now(): number;
  /** Calls back when the callbacks and promises that are ready now have run. */
  afterThis(callback: () => void): void;
  /**
   * Calls back after a full turn: every timer that was due and every event of the system has been
   * seen to.
   */
  afterFullTurn(callback: () => void): void;
}

/** The event loop of the program. */
export const eventLoop: TurnSource = {
  now: () => performance.now(),
  afterThis: (callback) => void setImmediate(callback),
  afterFullTurn: (callback) => {
    let left = IMMEDIATES_PER_TURN;
    const next = () => void (--left > 0 ? setImmediate(next) : callback());
    setImmediate(next);
  },
};

/**
 * Keeps loops from holding up the event loop. A promise that is settled already goes on in the same
 * turn, so a loop over data that is there, as long as it comes fast enough, would run for ever and
 * nothing else would.
 *
 * Every loop of the library that can go on without waiting counts its steps here. The loop that has
 * used up a few milliseconds waits for a full turn of the event loop; the others may use as much
 * again, then they wait as well:
 *
 * ```ts ignore
 * while (hasMore()) {
 *   step();
 *   if (turnBudget.spend()) await turnBudget.untilRenewed();
 * }
 * ```
 *
 * A step before the wait, or directly after it, lets every loop go on in every turn, however many
 * there are.
 */
export class TurnBudget {
  readonly #source: TurnSource;
  // Steps until the clock is read next.
  #left = 1;
  #steps = 1;
  #lookedAt = 0;
  // When the loop began that runs now; null if none has since the last turn.
  #startedAt: number | null = null;
  #isMarked = false;
  // When all loops began, while a full turn is being waited for; else null.
  #turnStartedAt: number | null = null;
  #renewals = 0;
  // Whether who waits next has used the budget up himself.
  #hasOverspent = false;
  readonly #spenders = new WaitQueue();
  readonly #others = new WaitQueue();

  /** Starts full; by default with the event loop of the program. */
  constructor(source: TurnSource = eventLoop) {
    this.#source = source;
  }

  /** Whether loops that have used up their time rest. */
  get isResting(): boolean {
    return this.#turnStartedAt !== null;
  }

  /** How many times the budget was renewed. */
  get renewals(): number {
    return this.#renewals;
  }

  /** Counts a step. Returns whether to wait for {@linkcode untilRenewed} before the next one. */
  spend(): boolean {
    return --this.#left <= 0 && this.#look();
  }

  /**
   * Resolves after a full turn of the event loop; rejects when `signal` aborts. Only if
   * {@linkcode spend} or {@linkcode isResting} says so.
   */
  untilRenewed(signal?: WaitSignal): Promise<void> {
    return (this.#hasOverspent ? this.#spenders : this.#others).wait(signal);
  }

  #look(): boolean {
    const now = this.#source.now();
    this.#adapt(now);
    if (this.#startedAt === null) {
      this.#startedAt = now;
      this.#mark();
    }
    this.#hasOverspent = now - this.#startedAt >= LOOP_BUDGET_MS;
    if (this.#hasOverspent) this.#overspend(this.#startedAt, now);
    return this.#hasOverspent || this.#isSpent(now);
  }

  /** Slow steps are looked at more often. */
  #adapt(now: number): void {
    const affordable = this.#steps * LOOP_BUDGET_MS / LOOKS / (now - this.#lookedAt);
    this.#lookedAt = now;
    this.#left = this.#steps = Math.max(1, Math.min(MAX_STEPS, Math.floor(affordable)));
  }

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    this.#source.afterThis(() => {
      this.#isMarked = false;
      this.#startedAt = null;
    });
  }

  /** The loop that runs now waits; the next one has time of its own. */
  #overspend(startedAt: number, now: number): void {
    this.#startedAt = now;
    if (this.#turnStartedAt !== null) return;
    this.#turnStartedAt = startedAt;
    this.#source.afterFullTurn(() => this.#renew());
  }

  /** Whether all loops together have used up their time; each waits before its next step then. */
  #isSpent(now: number): boolean {
    if (this.#turnStartedAt === null || now - this.#turnStartedAt < TURN_BUDGET_MS) return false;
    this.#left = this.#steps = 1;
    return true;
  }

  /** Those that have used up their time go on last, so that several of that kind take turns. */
  #renew(): void {
    this.#startedAt = this.#turnStartedAt = null;
    this.#renewals++;
    this.#others.release();
    this.#spenders.release();
  }
}

/** The budget of the whole program. */
export const turnBudget: TurnBudget = new TurnBudget();
