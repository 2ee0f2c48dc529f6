import type { Scheduler } from "../engine/scheduler.ts";
import { type Distribution, draw, type LinkConditions } from "../link_conditions.ts";

/** The latency inside a host, in milliseconds: not nothing, so that time goes on. */
const LOOPBACK_LATENCY = 0.01;

/** The latency between hosts, in milliseconds, unless the options name another one. */
const LATENCY: Distribution = [0.5, 5];

/** The way from one host to another: how long it takes, and whether anything passes. */
export class Link {
  /** Whether nothing passes. */
  isCut = false;
  readonly #defaults: LinkConditions;
  readonly #guard: Scheduler["guard"];
  #conditions: LinkConditions;
  // When the last byte has left, where bandwidth is limited.
  #freeAt = 0;
  // The segments that wait for the release; null while nothing is held.
  #held: (() => void)[] | null = null;

  /** `isLoopback`: from a host to itself. `guard` calls functions of the user. */
  constructor(conditions: LinkConditions, isLoopback: boolean, guard: Scheduler["guard"]) {
    this.#guard = guard;
    this.#defaults = isLoopback ? { latency: LOOPBACK_LATENCY } : conditions;
    this.#conditions = this.#defaults;
  }

  /** The conditions of the link now. */
  get conditions(): LinkConditions {
    return this.#conditions;
  }

  /** Changes what the way is like; `null` is back to normal. */
  change(conditions: LinkConditions | null): void {
    this.#conditions = { ...this.#defaults, ...conditions };
  }

  /** How many milliseconds a number of bytes takes that leaves now. */
  travelTime(now: number, bytes: number, random: () => number): number {
    const { latency = LATENCY, bandwidth = Infinity } = this.#conditions;
    const travel = typeof latency === "function"
      ? this.#guard(() => draw(latency, random), 0)
      : draw(latency, random);
    if (bandwidth === Infinity) return travel;
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / bandwidth * 1000;
    return this.#freeAt - now + travel;
  }

  /** Keeps what arrives from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Delivers what was kept, in order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const arrive of held) arrive();
  }

  /** Keeps an arrival for the release; returns whether it was kept. */
  keep(arrive: () => void): boolean {
    this.#held?.push(arrive);
    return this.#held !== null;
  }
}
