/** From values to places in a picture. */

import { formatNumber } from "../harness/table.ts";

/** Turns a value into a coordinate. */
export type Scale = (value: number) => number;

/**
 * Makes a linear scale.
 *
 * @param from The least and the greatest value; they must differ.
 * @param to Where they stand.
 * @returns The scale.
 */
export function linearScale(from: readonly [number, number], to: readonly [number, number]): Scale {
  const [low, high] = from;
  const [start, end] = to;
  return (value) => start + (value - low) / (high - low) * (end - start);
}

/**
 * Makes a logarithmic scale.
 *
 * @param from The least and the greatest value, above zero; they must differ.
 * @param to Where they stand.
 * @returns The scale.
 */
export function logScale(from: readonly [number, number], to: readonly [number, number]): Scale {
  const linear = linearScale([Math.log(from[0]), Math.log(from[1])], to);
  return (value) => linear(Math.log(value));
}

/**
 * Chooses round values for an axis from zero.
 *
 * @param highest The greatest value to show, above zero.
 * @param count About how many steps.
 * @returns Values from 0 on, equal steps of 1, 2, 2.5 or 5 times a power of ten, the last at or
 * above the greatest value.
 */
export function linearTicks(highest: number, count: number): number[] {
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ??
    10 * power;
  const last = Math.ceil(highest / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, i) => i * step);
}

/**
 * Chooses round values for a logarithmic axis.
 *
 * @param lowest The least value to show, above zero.
 * @param highest The greatest.
 * @returns Values of 1, 2 and 5 times powers of ten, the first at or below the least and the last
 * at or above the greatest.
 */
export function logTicks(lowest: number, highest: number): number[] {
  const powers = Array.from({ length: 40 }, (_, i) => 10 ** (i - 20));
  const all = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const first = all.findLastIndex((tick) => tick <= lowest * (1 + 1e-9));
  const last = all.findIndex((tick) => tick >= highest * (1 - 1e-9));
  return all.slice(first, Math.max(first + 1, last) + 1);
}

/**
 * Writes the value of a tick.
 *
 * @param value The value.
 * @returns As other numbers, without zeros that say nothing: "10k", "2.5".
 */
export function formatTick(value: number): string {
  const text = formatNumber(value);
  return text.includes(".") ? text.replace(/\.?0+(?=[kM]?$)/, "") : text;
}

/**
 * Moves labels apart that would cover each other, as little as possible and in their order.
 *
 * @param places Where each label wants to stand, in any order.
 * @param gap The least distance between two.
 * @param range The first and the last place there is.
 * @returns Where each stands, in the order given.
 */
export function spreadLabels(
  places: readonly number[],
  gap: number,
  range: readonly [number, number],
): number[] {
  const order = places.map((place, index) => ({ place, index })).toSorted((a, b) =>
    a.place - b.place
  );
  const result = new Array<number>(places.length).fill(0);
  let floor = range[0];
  for (const one of order) {
    one.place = Math.max(one.place, floor);
    floor = one.place + gap;
  }
  let ceiling = range[1];
  for (const one of order.toReversed()) {
    one.place = Math.min(one.place, ceiling);
    ceiling = one.place - gap;
    result[one.index] = one.place;
  }
  return result;
}
