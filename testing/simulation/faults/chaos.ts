import { duration, listOf, oneOf, type OptionTable } from "../../../protocols/option_checks.ts";
import type { RandomSource } from "../engine/random_source.ts";
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

/** Every kind of trouble. */
export const CHAOS_KINDS: readonly ChaosKind[] = [
  "partition",
  "oneWay",
  "hold",
  "crash",
  "slow",
  "lossy",
  "reset",
  "stall",
  "exhaust",
  "refuse",
  "ignore",
  "lookups",
  "skew",
];

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
   * How long a trouble lasts at most, in milliseconds.
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

/** The checks of {@linkcode ChaosOptions}. */
export const CHAOS_CHECKS: OptionTable<ChaosOptions> = {
  kinds: listOf(oneOf(...CHAOS_KINDS), { least: 1 }),
  interval: duration(),
  duration: duration(),
  until: duration(),
};

/** Trouble, and how it ends. */
export interface Trouble {
  /** What goes wrong. */
  readonly fault: Fault;
  /** What mends it; `null` if nothing has to. */
  readonly end: Fault | null;
  /** How long it lasts, in milliseconds. */
  readonly duration: number;
}

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
    return { ...this.#draw(kind, a, b), duration };
  }

  #draw(kind: ChaosKind, a: string, b: string): Omit<Trouble, "duration"> {
    switch (kind) {
      case "partition":
        return { fault: { kind, a, b }, end: { kind: "heal", a, b } };
      case "oneWay":
        return { fault: { kind: "partition", a, b, oneWay: true }, end: { kind: "heal", a, b } };
      case "hold":
        return { fault: { kind, a, b }, end: { kind: "release", a, b } };
      case "crash":
        return { fault: { kind, host: a }, end: { kind: "restart", host: a } };
      case "slow":
      case "lossy": {
        const conditions = kind === "slow"
          ? { latency: [50, 500] as const }
          : { loss: 0.3, duplication: 0.1, reordering: 0.2 };
        return {
          fault: { kind: "link", a, b, conditions },
          end: { kind: "link", a, b, conditions: null },
        };
      }
      case "reset":
        return { fault: { kind, a, b }, end: null };
      case "stall":
        return { fault: { kind, host: a }, end: { kind: "unstall", host: a } };
      case "exhaust":
        return { fault: { kind, host: a }, end: { kind: "replenish", host: a } };
      case "refuse":
      case "ignore":
        return {
          fault: { kind: "connects", host: a, answer: kind },
          end: { kind: "connects", host: a, answer: "accept" },
        };
      case "lookups":
        return {
          fault: { kind, host: a, delay: 2000, fail: this.#random.chance(0.5) },
          end: { kind, host: a },
        };
      case "skew": {
        const milliseconds = this.#random.between(-60_000, 60_000);
        return { fault: { kind, host: a, milliseconds }, end: { kind, host: a, milliseconds: 0 } };
      }
    }
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[this.#random.below(Math.max(1, values.length))];
  }
}
