import type { Bytes } from "../../../protocols/bytes.ts";
import { turnBudget } from "../../../protocols/waits/turn_budget.ts";
import type { ByteSink, PushSource } from "../carrier.ts";
import type { Delivery } from "./delivery.ts";
import type { PumpEvents } from "./pump.ts";

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
  // In which budget it read on although that was spent, by the number of renewals before.
  #overdrawn = -1;

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

  get takesBulk(): boolean {
    return this.#delivery.takesBulk;
  }

  receive(memory: Bytes, n: number): boolean {
    const delivery = this.#delivery;
    if (delivery.stopped) return false;
    this.#events.onReceived(n);
    const { givesOwnedBytes, givesMemory = false } = this.#source;
    const settled = givesOwnedBytes
      ? delivery.push(memory, undefined, true)
      : delivery.receive(memory, n, givesMemory);
    if (settled !== undefined || delivery.paused) {
      this.#resumeWhenReady();
      return false;
    }
    if (this.#source.isTimed || !turnBudget.spend()) return !delivery.stopped;
    if (n < memory.length && this.#mayOverdraw()) return !delivery.stopped;
    void turnBudget.untilRenewed().then(() => this.#resumeWhenReady());
    return false;
  }

  /**
   * Whether to read on though the budget is spent: once until it is renewed, after a read that left
   * nothing in the socket. Else each of many sources with a message in every turn would pause, and
   * those that are read first would be served more often than the others.
   */
  #mayOverdraw(): boolean {
    const { renewals } = turnBudget;
    const mayRead = renewals !== this.#overdrawn;
    this.#overdrawn = renewals;
    return mayRead;
  }

  #resumeWhenReady(): void {
    void this.#whenReady(() => this.#source.resume());
  }

  delivered(): Promise<void> {
    return this.#delivery.delivered();
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
