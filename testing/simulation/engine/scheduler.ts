/**
 * Virtual time, and when it goes on.
 *
 * The world is idle when every promise that can go on has gone on. That cannot be asked for, so it
 * is watched: after two turns of the event loop in a row in which nothing touched the world, no
 * read and no write began, no timer was set, nothing was scheduled, it is idle. Promises, streams
 * and `TransformStream` need no turn at all for that; `node:zlib`, `MessageChannel` and the
 * handshakes of `node:tls` need one turn. Only then does the clock jump to the next event, and that
 * event alone happens. So the order of events never depends on how long anything takes.
 *
 * Work in other threads cannot be seen at all. It is announced by {@linkcode Scheduler.outside},
 * and time stops until it is done.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { EventQueue, type ScheduledEvent } from "./event_queue.ts";

/** The world is idle after so many turns in a row in which nothing touched it. */
const QUIET_TURNS = 2;
/**
 * A loop that polls with `setImmediate` sees the clock go on after so many turns in which it was
 * all that happened.
 */
const MAX_POLLS = 4;

/** The turns of the event loop, which have to go on while the globals are patched. */
const nextTurn = globalThis.setImmediate;

/** Why a run ended. */
export type RunEnd = "done" | "hung" | "steps" | "time";

/** How far a run may go. */
export interface RunLimits {
  /** The most events. */
  readonly maxSteps: number;
  /** The end of time, in milliseconds. */
  readonly maxVirtualTime: number;
}

/** The clock of a world, and the loop that moves it. */
export class Scheduler {
  readonly #events = new EventQueue();
  readonly #busy = new Map<string, number>();
  readonly #limits: RunLimits;
  readonly #onError: (error: unknown) => void;
  #now = 0;
  #steps = 0;
  #touches = 0;
  #seenTouches = 0;
  #immediates = 0;
  #outside = 0;
  #quiet = 0;
  #polls = 0;
  #isTurning = false;
  // Events happen outside of every program, though one may have called for the next turn.
  readonly #restore = AsyncLocalStorage.snapshot();
  #finish: ((end: RunEnd) => void) | null = null;
  #isDone = false;

  /** Starts at 0. `onError` is told what a callback of the user threw that no program called. */
  constructor(limits: RunLimits, onError: (error: unknown) => void) {
    this.#limits = limits;
    this.#onError = onError;
  }

  /** Calls a function of the user; what it throws fails the run. Gives `otherwise` then. */
  guard<T>(callback: () => T, otherwise: T): T {
    try {
      return callback();
    } catch (error) {
      this.#onError(error);
      return otherwise;
    }
  }

  /** Milliseconds of virtual time since the start. */
  get now(): number {
    return this.#now;
  }

  /** How many events have happened. */
  get steps(): number {
    return this.#steps;
  }

  /** How many events are to come. */
  get pending(): number {
    return this.#events.size;
  }

  /** The hosts, with how many events were for each, the busiest first. */
  get busiest(): readonly (readonly [owner: string, events: number])[] {
    return [...this.#busy].sort((a, b) => b[1] - a[1]);
  }

  /** Has something happen after `delay` milliseconds, for a host. */
  after(delay: number, owner: string, run: () => void): ScheduledEvent {
    this.#touches++;
    return this.#events.push(this.#now + delay, owner, run);
  }

  /** Takes an event back. */
  cancel(event: ScheduledEvent): void {
    this.#touches++;
    this.#events.cancel(event);
  }

  /** Something in the world went on: it is not idle. */
  touch(): void {
    this.#touches++;
  }

  /** A callback of `setImmediate` waits for its turn. */
  addImmediate(): void {
    this.#immediates++;
  }

  /** That callback runs, or was cleared. */
  endImmediate(owner: string): void {
    this.#immediates--;
    this.#count(owner);
  }

  /** Stops time until work outside of the world has settled. */
  async outside<T>(work: PromiseLike<T>): Promise<T> {
    this.#outside++;
    try {
      return await work;
    } finally {
      this.#outside--;
      this.#touches++;
      this.#restore(() => this.#turn());
    }
  }

  /** Ends the run. */
  stop(): void {
    this.#isDone = true;
    this.#restore(() => this.#turn());
  }

  /** Lets events happen until {@linkcode stop}, or until none can or may. */
  run(): Promise<RunEnd> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#isTurning || this.#finish === null) return;
    this.#isTurning = true;
    nextTurn(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isTurning = false;
    const end = this.#step();
    if (end === null) return this.#turn();
    if (end === "wait") return;
    const finish = this.#finish;
    this.#finish = null;
    finish?.(end);
  };

  /** One turn: the end of the run, or `null` to go on, or `"wait"` for work outside. */
  #step(): RunEnd | "wait" | null {
    if (this.#isDone) return "done";
    if (this.#steps >= this.#limits.maxSteps) return "steps";
    if (!this.#isIdle()) return null;
    if (this.#outside > 0) return "wait";
    return this.#next();
  }

  #isIdle(): boolean {
    if (this.#touches !== this.#seenTouches) {
      this.#seenTouches = this.#touches;
      this.#quiet = this.#polls = 0;
    }
    if (this.#immediates === 0) return ++this.#quiet >= QUIET_TURNS;
    this.#quiet = 0;
    return ++this.#polls > MAX_POLLS;
  }

  #next(): RunEnd | null {
    this.#quiet = this.#polls = 0;
    const at = this.#events.nextAt;
    if (at === undefined) return this.#immediates > 0 ? null : "hung";
    if (at > this.#limits.maxVirtualTime) return "time";
    const event = this.#events.pop();
    if (event === undefined || event.run === null) return null;
    this.#now = Math.max(this.#now, event.at);
    this.#count(event.owner);
    const { run } = event;
    // It has happened: to cancel it now does nothing.
    event.run = null;
    this.guard(run, undefined);
    return null;
  }

  #count(owner: string): void {
    this.#steps++;
    this.#busy.set(owner, (this.#busy.get(owner) ?? 0) + 1);
  }
}
