import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import type { ByteSink, PushSource } from "../carrier.ts";
import { detach } from "../memory/memory_pool.ts";
import type { Delivery } from "./delivery.ts";
import type { PumpEvents } from "./pump.ts";
import { pooledCopy, roomyCopy } from "./read_buffer.ts";

/** From so many bytes on it costs less to take their memory away than to copy them. */
const LARGE = 8192;

/**
 * Takes what a {@linkcode PushSource} reads and delivers it: `source -> delivery -> protocol`, the
 * counterpart of `pump` without a promise for each chunk.
 *
 * While a chunk cannot be delivered the source pauses, so at most one chunk waits here.
 */
export class PushReader implements ByteSink {
  readonly #source: PushSource;
  readonly #delivery: Delivery;
  readonly #events: PumpEvents;

  /** Starts with {@linkcode start}. */
  constructor(source: PushSource, delivery: Delivery, events: PumpEvents) {
    this.#source = source;
    this.#delivery = delivery;
    this.#events = events;
  }

  /** Begins to read. */
  start(): void {
    this.#source.start(this);
  }

  isAsking(): boolean {
    if (this.#delivery.isReady) return !this.#delivery.stopped;
    this.#resumeWhenReady();
    return false;
  }

  receive(memory: Bytes, n: number): boolean {
    const delivery = this.#delivery;
    if (delivery.stopped) return false;
    this.#events.onReceived(n);
    const settled = this.#deliver(memory, n);
    if (settled !== undefined || delivery.paused) {
      this.#resumeWhenReady();
      return false;
    }
    if (this.#source.isTimed || !turnBudget.spend()) return !delivery.stopped;
    void turnBudget.untilRenewed().then(() => this.#resumeWhenReady());
    return false;
  }

  #resumeWhenReady(): void {
    void this.#whenReady(() => this.#source.resume());
  }

  #deliver(memory: Bytes, n: number): void | Promise<void> {
    const delivery = this.#delivery;
    if (!delivery.isReady) return delivery.push(copyOf(memory, 0, n), undefined, "own");
    // A protocol with a buffer of its own copies at once.
    if (delivery.isBuffered) return delivery.push(memory.subarray(0, n), undefined, "roomy");
    if (delivery.isBorrower) {
      const isTaken = this.#source.givesMemory && n >= LARGE && 4 * n >= memory.length;
      // At once: the loan may go on while the source reads for another connection.
      const taken = isTaken ? detach(memory.buffer) : null;
      const chunk = taken === null ? roomyCopy(memory, n) : new Uint8Array(taken, 0, n);
      return delivery.push(chunk, undefined, "roomy");
    }
    // Filled, it costs less to give away than to copy.
    const isGiven = this.#source.givesMemory && n === memory.length && n >= LARGE;
    const given = isGiven ? detach(memory.buffer) : null;
    const chunk = given === null ? pooledCopy(memory, n) : new Uint8Array(given);
    return delivery.push(chunk, undefined, "own");
  }

  async delivered(): Promise<void> {
    // A callback that is running leaves its promise to wait for when it returns.
    await null;
    await this.#delivery.delivered();
  }

  end(): Promise<void> {
    return this.#whenReady(() => this.#events.onEof());
  }

  fail(error: unknown): void {
    void this.#whenReady(() => this.#events.onReadError(error));
  }

  /** Calls back once everything was delivered, unless delivery was stopped meanwhile. */
  async #whenReady(callback: () => void | Promise<void>): Promise<void> {
    if (!this.#delivery.isReady) await this.#delivery.ready();
    if (!this.#delivery.stopped) await callback();
  }
}

/** Whether a source pushes. */
export function isPushSource(source: object): source is PushSource {
  return "start" in source;
}
