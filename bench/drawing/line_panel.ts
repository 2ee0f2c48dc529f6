/** A panel of curves, one for each server, named at their right ends. */

import { formatTick, linearScale, linearTicks, logScale, logTicks, spreadLabels } from "./scale.ts";
import { element, type Kind, label, MARGIN, type Panel } from "./svg.ts";

/** One curve. */
export interface Curve {
  /** The server's name. */
  readonly label: string;
  /** Whose it is. */
  readonly kind: Kind;
  /** The value at each stop of the horizontal axis, `null` where there is none. */
  readonly values: readonly (number | null)[];
}

/** The axes. */
export interface Axes {
  /** What the vertical axis shows. */
  readonly title: string;
  /** The names of the stops of the horizontal axis. */
  readonly stops: readonly string[];
  /** Whether the vertical axis is logarithmic; from zero otherwise. */
  readonly log: boolean;
}

const LEFT = 58;
const NAMES = 178; // width for the servers' names at the right
const TOP = 26;
const NAME_STEP = 15;
const LEAST_HEIGHT = 220;
const STROKES: Readonly<Record<Kind, number>> = { peer: 1.5, base: 2, own: 2.5 };
const ORDER: readonly Kind[] = ["peer", "base", "own"]; // what matters is drawn last, on top

/**
 * Draws the panel.
 *
 * @param axes The axes.
 * @param curves At least one.
 * @param width The panel's width.
 * @returns The panel.
 */
export function linePanel(axes: Axes, curves: readonly Curve[], width: number): Panel {
  const height = Math.max(LEAST_HEIGHT, curves.length * NAME_STEP);
  const bottom = TOP + height;
  const right = width - MARGIN - NAMES;
  const known = curves.flatMap(({ values }) => values.filter((value) => value !== null));
  const shown = axes.log ? known.filter((value) => value > 0) : known;
  const [lowest, highest] = [Math.min(...shown), Math.max(...shown)];
  const ticks = axes.log ? logTicks(lowest, highest) : linearTicks(highest, 5);
  const domain = [ticks[0] ?? 0, ticks.at(-1) ?? 1] as const;
  const y = (axes.log ? logScale : linearScale)(domain, [bottom, TOP]);
  const x = linearScale([0, Math.max(1, axes.stops.length - 1)], [LEFT, right]);

  const parts = [label(MARGIN, 12, axes.title, { class: "head" })];
  for (const tick of ticks) {
    parts.push(element("line", { class: "grid", x1: LEFT, x2: right, y1: y(tick), y2: y(tick) }));
    const text = formatTick(tick);
    parts.push(label(LEFT - 6, y(tick) + 4, text, { class: "soft small", anchor: "end" }));
  }
  axes.stops.forEach((stop, i) =>
    parts.push(label(x(i), bottom + 16, stop, { class: "soft small", anchor: "middle" }))
  );
  const ends = curves.map(({ values }) => y(values.findLast((value) => value !== null) ?? lowest));
  const names = spreadLabels(ends, NAME_STEP, [TOP + 4, bottom]);
  for (const kind of ORDER) {
    curves.forEach((curve, i) => {
      if (curve.kind !== kind) return;
      const points = curve.values.flatMap((value, stop) =>
        value === null ? [] : [{ x: x(stop), y: y(axes.log ? Math.max(value, domain[0]) : value) }]
      );
      parts.push(...drawCurve(curve, points, { x: right + 22, y: names[i] ?? 0 }));
    });
  }
  return { content: parts.join("\n"), height: bottom + 24 };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function drawCurve({ kind, label: name }: Curve, points: readonly Place[], end: Place): string[] {
  const path = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const last = points.at(-1);
  if (last === undefined) return [];
  const width = STROKES[kind];
  const text = kind === "peer" ? {} : { class: `${kind}-text` };
  return [
    element("polyline", { class: `curve line-${kind}`, points: path, "stroke-width": width }),
    ...points.map(({ x, y }) =>
      element("circle", { class: `dot-${kind}`, cx: x, cy: y, r: width })
    ),
    // From the end of the curve to its name, which may have been moved away from its neighbours.
    element("line", {
      class: `line-${kind}`,
      x1: last.x + 4,
      y1: last.y,
      x2: end.x - 4,
      y2: end.y,
    }),
    label(end.x, end.y + 4, name, text),
  ];
}
