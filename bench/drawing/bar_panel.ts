/** A panel of horizontal bars, one for each server, with the spread of the rounds on each. */

import { formatNumber } from "../harness/table.ts";
import type { Spread } from "../harness/statistics.ts";
import { formatTick, linearScale, linearTicks } from "./scale.ts";
import { element, type Kind, label, MARGIN, type Panel } from "./svg.ts";

/** One bar. */
export interface Bar {
  /** The server's name. */
  readonly label: string;
  /** Whose it is. */
  readonly kind: Kind;
  /** How long it is, and its whisker. */
  readonly spread: Spread;
}

const NAMES = 184; // width for the servers' names
const NUMBERS = 50; // width for the number behind the longest bar
const STEP = 19; // from one bar to the next
const THICK = 13;
const TOP = 26;

/**
 * Draws the panel; the best server stands on top and a dashed line goes through the raw loop.
 *
 * @param title What is measured.
 * @param better Which way is good.
 * @param bars At least one.
 * @param width The panel's width.
 * @returns The panel.
 */
export function barPanel(
  title: string,
  better: "higher" | "lower",
  bars: readonly Bar[],
  width: number,
): Panel {
  const sign = better === "higher" ? -1 : 1;
  const sorted = bars.toSorted((a, b) => sign * (a.spread.median - b.spread.median));
  const ticks = linearTicks(Math.max(1e-9, ...bars.map(({ spread }) => spread.high)), 4);
  const right = width - MARGIN - NUMBERS;
  const bottom = TOP + bars.length * STEP;
  const x = linearScale([0, ticks.at(-1) ?? 1], [NAMES, right]);
  const parts = [label(MARGIN, 12, `${title} (${better} is better)`, { class: "head" })];
  for (const tick of ticks) {
    parts.push(
      element("line", { class: "grid", x1: x(tick), x2: x(tick), y1: TOP - 4, y2: bottom }),
    );
    const style = { class: "soft small", anchor: "middle" } as const;
    parts.push(label(x(tick), bottom + 14, formatTick(tick), style));
  }
  const base = bars.find(({ kind }) => kind === "base");
  if (base !== undefined) {
    const at = x(base.spread.median);
    parts.push(element("line", { class: "mark", x1: at, x2: at, y1: TOP - 4, y2: bottom }));
  }
  sorted.forEach(({ label: name, kind, spread }, i) => {
    const y = TOP + i * STEP;
    const text = kind === "peer" ? {} : { class: `${kind}-text` };
    parts.push(label(NAMES - 8, y + 11, name, { ...text, anchor: "end" }));
    const size = { x: NAMES, y, width: Math.max(1, x(spread.median) - NAMES), height: THICK };
    parts.push(element("rect", { class: `bar-${kind}`, ...size, rx: 2 }));
    const middle = y + THICK / 2;
    const whisker = { class: "whisker", x1: x(spread.low), x2: x(spread.high), y1: middle };
    if (spread.count > 1) parts.push(element("line", { ...whisker, y2: middle }));
    parts.push(label(x(spread.high) + 5, y + 11, formatNumber(spread.median), { class: "small" }));
  });
  return { content: parts.join("\n"), height: bottom + 20 };
}
