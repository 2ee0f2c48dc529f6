import { check, type OptionTable } from "../../../protocols/option_checks.ts";
import type { RandomSource } from "../engine/random_source.ts";
import type { LinkConditions } from "../link_conditions.ts";
import type { Fault } from "./faults.ts";

/** A kind of trouble that {@linkcode ChaosOptions} draws. */
export type ChaosKind =
  | "partition"
  | "oneWay"
  | "hold"
  | "crash"
  | "slow"
  | "lossy"
  | "reset"
  | "stall"
  | "exhaust"
  | "refuse"
  | "ignore"
  | "lookups"
  | "skew";

/** Options for faults that are drawn from the seed. */
export interface ChaosOptions {
  /**
   * The kinds of trouble. `crash` needs programs that can be started twice.
   *
   * @default {all but "crash"}
   */
  readonly kinds?: readonly ChaosKind[];
  /**
   * The time between two troubles, on average, in milliseconds.
   *
   * @default {5000}
   */
  readonly interval?: number;
  /**
   * How long a fault lasts at most, in milliseconds.
   *
   * @default {10000}
   */
  readonly duration?: number;
  /**
   * Nothing goes wrong after this time, in milliseconds, and everything is mended.
   *
   * @default {60000}
   */
  readonly until?: number;
}

/** Trouble, and how it ends. */
export interface Trouble {
  /** The fault. */
  readonly fault: Fault;
  /** The fault that mends it; `null` if nothing has to. */
  readonly end: Fault | null;
  /** How long it lasts, in milliseconds. */
  readonly duration: number;
}

/** The trouble of each kind for two hosts. */
const DRAWN: Readonly<
  Record<ChaosKind, (a: string, b: string, random: RandomSource) => Omit<Trouble, "duration">>
> = {
  partition: (a, b) => ({ fault: { kind: "partition", a, b }, end: { kind: "heal", a, b } }),
  oneWay: (a, b) => ({
    fault: { kind: "partition", a, b, oneWay: true },
    end: { kind: "heal", a, b },
  }),
  hold: (a, b) => ({ fault: { kind: "hold", a, b }, end: { kind: "release", a, b } }),
  crash: (host) => ({ fault: { kind: "crash", host }, end: { kind: "restart", host } }),
  slow: (a, b) => badLink(a, b, { latency: [50, 500] }),
  lossy: (a, b) => badLink(a, b, { loss: 0.3, duplication: 0.1, reordering: 0.2 }),
  reset: (a, b) => ({ fault: { kind: "reset", a, b }, end: null }),
  stall: (host) => ({ fault: { kind: "stall", host }, end: { kind: "unstall", host } }),
  exhaust: (host) => ({ fault: { kind: "exhaust", host }, end: { kind: "replenish", host } }),
  refuse: (host) => badAnswer(host, "refuse"),
  ignore: (host) => badAnswer(host, "ignore"),
  lookups: (host, _b, random) => ({
    fault: { kind: "lookups", host, delay: 2000, fail: random.chance(0.5) },
    end: { kind: "lookups", host },
  }),
  skew: (host, _b, random) => ({
    fault: { kind: "skew", host, milliseconds: random.between(-60_000, 60_000) },
    end: { kind: "skew", host, milliseconds: 0 },
  }),
};

function badLink(a: string, b: string, conditions: LinkConditions): Omit<Trouble, "duration"> {
  const kind = "link";
  return { fault: { kind, a, b, conditions }, end: { kind, a, b, conditions: null } };
}

function badAnswer(host: string, answer: "refuse" | "ignore"): Omit<Trouble, "duration"> {
  const kind = "connects";
  return { fault: { kind, host, answer }, end: { kind, host, answer: "accept" } };
}

/** Every kind of trouble. */
export const CHAOS_KINDS: readonly ChaosKind[] = Object.keys(DRAWN) as ChaosKind[];

/** The checks of {@linkcode ChaosOptions}. */
export const CHAOS_CHECKS: OptionTable<ChaosOptions> = {
  kinds: check.listOf(check.oneOf(...CHAOS_KINDS), { least: 1 }),
  interval: check.duration(),
  duration: check.duration(),
  until: check.duration(),
};

/** Draws trouble for the hosts that there are. */
export class Chaos {
  readonly #random: RandomSource;
  readonly #kinds: readonly ChaosKind[];
  readonly #interval: number;
  readonly #duration: number;
  /** Nothing goes wrong after this time. */
  readonly until: number;

  /** Draws from `random`. */
  constructor(random: RandomSource, options: ChaosOptions) {
    this.#random = random;
    this.#kinds = options.kinds ?? CHAOS_KINDS.filter((kind) => kind !== "crash");
    this.#interval = options.interval ?? 5000;
    this.#duration = options.duration ?? 10_000;
    this.until = options.until ?? 60_000;
  }

  /** How long it is to the next trouble, in milliseconds. */
  nextDelay(): number {
    return 2 * this.#interval * this.#random.fraction();
  }

  /** The next trouble; `null` if there are too few hosts for it. */
  next(now: number, hosts: readonly string[]): Trouble | null {
    const kind = this.#pick(this.#kinds);
    const a = this.#pick(hosts);
    const b = this.#pick(hosts.filter((host) => host !== a));
    const left = Math.max(0, this.until - now);
    const duration = Math.min(left, this.#duration * this.#random.fraction());
    if (kind === undefined || a === undefined || b === undefined) return null;
    return { ...DRAWN[kind](a, b, this.#random), duration };
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[this.#random.below(Math.max(1, values.length))];
  }
}
