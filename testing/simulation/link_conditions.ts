import {
  type Check,
  check,
  type OptionName,
  type OptionTable,
  outOfRange,
  show,
  wrongKind,
} from "../../protocols/option_checks.ts";

/**
 * A time in milliseconds: always the same, evenly spread between two, or as a function draws it
 * from random numbers, each from 0 to below 1.
 */
export type Distribution =
  | number
  | readonly [least: number, most: number]
  | ((random: () => number) => number);

/** Options for the way from one host to another. */
export interface LinkConditions {
  /**
   * How long a segment or a datagram is on its way, in milliseconds.
   *
   * @default {[0.5, 5]}
   */
  readonly latency?: Distribution;
  /**
   * How many bytes pass per second, all connections together. No limit by default.
   */
  readonly bandwidth?: number;
  /**
   * The share of segments and datagrams that are lost, 0 to 1. A lost segment of a stream is sent
   * again, so it comes later.
   *
   * @default {0}
   */
  readonly loss?: number;
  /**
   * The share of datagrams that arrive twice, 0 to 1.
   *
   * @default {0}
   */
  readonly duplication?: number;
  /**
   * The share of datagrams that are overtaken by later ones, 0 to 1.
   *
   * @default {0}
   */
  readonly reordering?: number;
  /** The longest datagram that passes, in bytes; longer ones are lost. No limit by default. */
  readonly mtu?: number;
}

function probability(value: unknown, option: OptionName): void {
  check.numberFrom(0)(value, option);
  if (Number(value) > 1) throw outOfRange(option, value, "is not in 0 to 1");
}

function latency(value: unknown, option: OptionName): void {
  if (!Array.isArray(value)) return void check.numberFrom(0)(value, option);
  const [least, most] = value;
  if (value.length !== 2) throw wrongKind(option, value, "is not [least, most]");
  check.numberFrom(0)(least, option);
  check.numberFrom(Number(least))(most, option);
}

const isFunction = (value: unknown): boolean => typeof value === "function";

/** The check of a {@linkcode Distribution}. */
export const distribution: Check = check.either(
  isFunction,
  check.functionLike("(random) => milliseconds"),
  latency,
);

/** The checks of {@linkcode LinkConditions}. */
export const LINK_CHECKS: OptionTable<LinkConditions> = {
  latency: distribution,
  bandwidth: check.numberAbove0("bytes per second"),
  loss: probability,
  duplication: probability,
  reordering: probability,
  mtu: check.size(1),
};

/** Draws a time. */
export function draw(times: Distribution, random: () => number): number {
  if (typeof times === "number") return times;
  if (typeof times === "function") {
    const time = times(random);
    if (time >= 0 && time < Infinity) return time;
    throw new RangeError(`Cannot draw latency: ${show(time)} is not a time of 0 ms or more`);
  }
  const [least, most] = times;
  return least + (most - least) * random();
}
