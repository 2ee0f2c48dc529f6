/**
 * Mode rate: latency at a fixed rate, free of coordinated omission: see rate.c. Timers here are
 * a millisecond coarse, so messages of one millisecond leave together and their latency, counted
 * from when each was due, includes up to a millisecond of this program's own.
 */

import { type Lane, openLanes } from "./lane.ts";
import { MAX_CHUNK, Payload } from "./payload.ts";
import { elapsed, pause, readClocks, type Result } from "./report.ts";
import type { Settings } from "./settings.ts";

const GRACE_MS = 2000; // how long to wait for the last answers

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** Messages by the clock: message k is due at start + k / rate on lane k mod N. */
class Schedule {
  /** Messages that were handed to their connection. */
  due = 0;
  /** Messages that were answered. */
  answered = 0;
  /** Whether no more are handed out. */
  ended = false;
  readonly #lanes: readonly Lane[];
  readonly #settings: Settings;
  readonly #start: number = performance.now();
  readonly #latencies: number[] = []; // in milliseconds

  /**
   * Starts the clock.
   *
   * @param lanes The connections, each with one message behind it.
   * @param settings Rate, size and warm-up.
   */
  constructor(lanes: readonly Lane[], settings: Settings) {
    this.#lanes = lanes;
    this.#settings = settings;
  }

  /** Hands out what is due, time and again, until the schedule is ended. */
  async send(): Promise<void> {
    const { rate, size } = this.#settings;
    while (!this.ended) {
      const until = Math.floor((performance.now() - this.#start) * rate / 1000);
      for (; this.due < until; this.due++) {
        const index = Math.floor(this.due / this.#lanes.length);
        // Not waited for: what is due later must not wait for what is due now.
        this.#lanes[this.due % this.#lanes.length]?.sendUntil((index + 2) * size).catch(() => {});
      }
      await pause(1);
    }
  }

  /**
   * Takes the answers of one connection for ever.
   *
   * @param number The connection's place in the list.
   */
  async receive(number: number): Promise<never> {
    const { size } = this.#settings;
    for (;;) {
      const lane = this.#lanes[number];
      if (lane === undefined) throw new RangeError(`Cannot receive: there is no lane ${number}`);
      const first = Math.floor(lane.received / size) - 1;
      await lane.receive();
      const end = Math.floor(lane.received / size) - 1;
      for (let index = first; index < end; index++) this.#record(number, index);
      this.answered += end - first;
    }
  }

  /** Counts what is still owed with its wait so far; returns how many that are. */
  settle(): number {
    const { size } = this.#settings;
    let missing = 0;
    this.#lanes.forEach((lane, number) => {
      const first = Math.floor(lane.received / size) - 1;
      for (let i = first; i * this.#lanes.length + number < this.due; i++, missing++) {
        this.#record(number, i);
      }
    });
    return missing;
  }

  /** Returns the percentiles in microseconds. */
  percentiles(): Result {
    const sorted = Float64Array.from(this.#latencies, (ms) => ms * 1000).sort();
    return {
      p50: percentile(sorted, 0.5),
      p90: percentile(sorted, 0.9),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
      max: percentile(sorted, 1),
    };
  }

  #record(lane: number, index: number): void {
    const { rate, warmupMs } = this.#settings;
    const due = (index * this.#lanes.length + lane) * 1000 / rate;
    if (due >= warmupMs) this.#latencies.push(performance.now() - this.#start - due);
  }
}

/**
 * Sends at a fixed rate.
 *
 * @param settings The rate and how long.
 * @returns Messages and latencies in the window.
 */
export async function runRate(settings: Settings): Promise<Result> {
  const lanes = await openLanes(settings, new Payload(settings), MAX_CHUNK / 4);
  const schedule = new Schedule(lanes, settings);
  const work = [schedule.send(), ...lanes.map((_, number) => schedule.receive(number))];
  const failed = Promise.all(work);
  await Promise.race([failed, pause(settings.warmupMs)]);
  const from = await readClocks(settings);
  const before = schedule.answered;
  await Promise.race([failed, pause(settings.durationMs)]);
  const messages = schedule.answered - before;
  const to = await readClocks(settings);
  schedule.ended = true;
  const end = performance.now() + GRACE_MS;
  while (schedule.answered < schedule.due && performance.now() < end) {
    await Promise.race([failed, pause(5)]);
  }
  const unanswered = schedule.settle();
  return { ...elapsed(from, to), messages, unanswered, ...schedule.percentiles() };
}
