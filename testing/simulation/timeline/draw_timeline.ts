import { type FaultGroup, groupFaults, isMending } from "../answers/fault_groups.ts";
import { describeFault, type ScheduledFault } from "../faults/faults.ts";
import { cutText, escapeText } from "./svg_text.ts";
import type { FaultItem, HostItem, SegmentItem, TimelineItem } from "./timeline_items.ts";
import { placeRows, type Row } from "./timeline_rows.ts";

/** The widths of the parts, in pixels. */
const [TIME_WIDTH, COLUMN_WIDTH, BAR_WIDTH, MIN_WIDTH] = [104, 176, 10, 640];
/** The heights of the title and of the names of the hosts. */
const [TITLE_HEIGHT, HEAD_HEIGHT] = [44, 34];
/** So many bars for faults that go on are drawn side by side. */
const MAX_BARS = 8;
/** A letter is about so wide. */
const LETTER = 6.7;

/** The contents of a picture. */
export interface Timeline {
  /** The run in a few words. */
  readonly title: string;
  /** The hosts, from the left. */
  readonly hosts: readonly string[];
  /** How many hosts are not drawn. */
  readonly hiddenHosts: number;
  /** The rows, earliest first. */
  readonly items: readonly TimelineItem[];
  /** The end of the run, in milliseconds. */
  readonly end: number;
}

/** The places of everything. */
interface Plan extends Timeline {
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
  readonly bottom: number;
  readonly top: number;
}

const STYLE = `
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328 }
.page { fill: #ffffff } .title { font-size: 13px; font-weight: 600 } .quiet { fill: #59636e }
.head { fill: #f6f8fa; stroke: #8c959f } .name { font-weight: 600; text-anchor: middle }
.life { stroke: #8c959f; stroke-width: 1.5 } .gone { stroke-dasharray: 2 5; stroke-width: 1 }
.arrow { fill: none; stroke: #57606a; stroke-width: 1.2 } .tip { fill: #57606a }
.data { stroke: #0969da } .data.tip, .data.word { fill: #0969da }
.udp { stroke: #8250df } .udp.tip, .udp.word { fill: #8250df }
.bad { stroke: #cf222e } .bad.tip, .bad.word { fill: #cf222e }
.strip { fill: #ffebe9 } .mended { fill: #dafbe1 } .good.word { fill: #1a7f37 }
.tip { stroke: none } .word { stroke: #ffffff; stroke-width: 3; paint-order: stroke; stroke-linejoin: round }
.word.plain { stroke: none } .bar { fill: #cf222e; opacity: 0.55 } .fold { fill: #fff8c5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .page { fill: #0d1117 } .quiet { fill: #9198a1 }
  .head { fill: #151b23; stroke: #656c76 } .life { stroke: #656c76 }
  .arrow { stroke: #9198a1 } .tip { fill: #9198a1 }
  .data { stroke: #4493f8 } .data.tip, .data.word { fill: #4493f8 }
  .udp { stroke: #ab7df8 } .udp.tip, .udp.word { fill: #ab7df8 }
  .bad { stroke: #f85149 } .bad.tip, .bad.word { fill: #f85149 }
  .strip { fill: #3c1618 } .mended { fill: #12261e } .good.word { fill: #3fb950 } .fold { fill: #272115 }
  .tip, .word.plain { stroke: none } .word { stroke: #0d1117 }
}`;

/** Draws a run: hosts from left to right, time from top to bottom, segments as arrows. */
export function drawTimeline(timeline: Timeline): string {
  const plan = toPlan(timeline);
  const { width, height, title } = plan;
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title">`,
    `<title id="title">${escapeText(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    textAt(12, 26, cutText(title, Math.floor((width - 24) / 8)), "title"),
    ...plan.rows.flatMap((row) => strip(plan, row)),
    ...bars(plan),
    ...plan.hosts.flatMap((host, index) => column(plan, host, index)),
    ...plan.rows.flatMap((row) => draw(plan, row)),
    ...times(plan),
    ...remarks(plan),
    "</svg>\n",
  ].join("\n");
}

function toPlan(timeline: Timeline): Plan {
  const top = TITLE_HEIGHT + HEAD_HEIGHT;
  const { rows, bottom } = placeRows(timeline.items, top + 8, timeline.end);
  const bars = MAX_BARS * BAR_WIDTH + 16;
  const width = Math.max(MIN_WIDTH, TIME_WIDTH + timeline.hosts.length * COLUMN_WIDTH + bars);
  const remark = timeline.hiddenHosts > 0 ? 24 : 0;
  return {
    ...timeline,
    rows,
    width,
    height: Math.ceil(bottom + HEAD_HEIGHT + 14 + remark),
    bottom,
    top,
  };
}

function columnOf({ hosts }: Timeline, host: string): number {
  return TIME_WIDTH + (hosts.indexOf(host) + 0.5) * COLUMN_WIDTH;
}

/** The name of a host above and below, and its life between: dotted while its program is gone. */
function column(plan: Plan, host: string, index: number): string[] {
  const x = columnOf(plan, host);
  const box = (y: number): string[] => [
    `<rect class="head" x="${x - 76}" y="${y}" width="152" height="24" rx="6"/>`,
    textAt(x, y + 16, cutText(host, 20), "name"),
  ];
  return [
    ...lives(plan, host, plan.top - 6).map(([from, to, isGone]) =>
      `<line class="life${isGone ? " gone" : ""}" x1="${x}" y1="${fix(from)}" x2="${x}" y2="${
        fix(to)
      }"/>`
    ),
    ...box(TITLE_HEIGHT),
    ...box(plan.bottom + 4),
    `<desc>host ${index + 1}</desc>`,
  ];
}

/** The parts of the life of a host: from, to, and whether its program is gone. */
function lives({ rows, bottom }: Plan, host: string, top: number): [number, number, boolean][] {
  const parts: [number, number, boolean][] = [];
  let from = top;
  let isGone = false;
  for (const { item, top: y } of rows) {
    if (item.kind !== "host" || item.host !== host) continue;
    parts.push([from, y, isGone]);
    from = y;
    isGone = item.state !== "started";
  }
  return [...parts, [from, bottom + 4, isGone]];
}

function draw(plan: Plan, row: Row): string[] {
  const { item } = row;
  switch (item.kind) {
    case "segment":
      return item.from === item.to ? drawLoop(plan, row, item) : drawArrow(plan, row, item);
    case "host":
      return drawState(plan, row, item);
    case "fault":
      return drawFault(row, item);
    case "gap":
      return [textAt(TIME_WIDTH + 8, row.top + 4, `… ${item.count} rows are left out …`, "quiet")];
  }
}

function classOf({ segment, isLost }: SegmentItem): string {
  if (isLost || segment === "RST") return "bad";
  return segment === "DATA" ? "data" : segment === "UDP" ? "udp" : "";
}

function labelOf({ segment, count, bytes, text, isLost, end }: SegmentItem): string {
  const hasBytes = segment === "DATA" || segment === "UDP";
  const size = hasBytes ? ` ${bytes} B` : "";
  const times = count > 1 ? ` in ${count}` : "";
  const fate = isLost ? " lost" : end === null ? " on its way" : "";
  return `${segment}${size}${times}${fate}${text === "" ? "" : ` ${text}`}`;
}

function drawArrow(plan: Plan, { top, bottom }: Row, item: SegmentItem): string[] {
  const [x1, x2] = [columnOf(plan, item.from), columnOf(plan, item.to)];
  // One that is lost, or still on its way, does not get there.
  const share = item.isLost || item.end === null ? 0.72 : 1;
  const [x, y] = [x1 + (x2 - x1) * share, top + (bottom - top) * share];
  const kind = classOf(item);
  const isRight = x2 > x1;
  const room = Math.floor((Math.abs(x2 - x1) - 24) / LETTER);
  const label = cutText(labelOf(item), room);
  const end = item.isLost
    ? `<path class="arrow bad" d="M${fix(x - 4)} ${fix(y - 4)}l8 8m0 -8l-8 8"/>`
    : tip(x, y, Math.atan2(y - top, x - x1), kind);
  return [
    `<line class="arrow ${kind}" x1="${fix(x1)}" y1="${fix(top)}" x2="${fix(x)}" y2="${fix(y)}"/>`,
    end,
    textAt(isRight ? x1 + 9 : x1 - 9, top - 3, label, `word ${kind}`, isRight ? "start" : "end"),
  ];
}

/** The head of an arrow. */
function tip(x: number, y: number, angle: number, kind: string): string {
  const point = (turn: number): string =>
    `${fix(x - 8 * Math.cos(angle + turn))} ${fix(y - 8 * Math.sin(angle + turn))}`;
  return `<path class="tip ${kind}" d="M${fix(x)} ${fix(y)}L${point(0.4)}L${point(-0.4)}z"/>`;
}

/** A segment that a host sends itself. */
function drawLoop(plan: Plan, { top, bottom }: Row, item: SegmentItem): string[] {
  const x = columnOf(plan, item.from);
  const kind = classOf(item);
  const label = cutText(labelOf(item), Math.floor((COLUMN_WIDTH - 40) / LETTER));
  return [
    `<path class="arrow ${kind}" d="M${fix(x)} ${fix(top)}h14V${fix(bottom)}h-8"/>`,
    tip(x, bottom, Math.PI, kind),
    textAt(x + 19, top + 5, label, `word ${kind}`),
  ];
}

function drawState(plan: Plan, { top }: Row, { host, state }: HostItem): string[] {
  const x = columnOf(plan, host);
  const isBad = state === "failed" || state === "crashed";
  const kind = isBad ? "bad" : "";
  return [
    `<circle class="tip ${kind}" cx="${x}" cy="${fix(top)}" r="4"/>`,
    textAt(x + 9, top + 4, state, isBad ? "word bad" : "quiet"),
  ];
}

/** The strip of colour that a fault is written on, and that of rows that are left out. */
function strip({ width }: Plan, { item, top }: Row): string[] {
  if (item.kind === "gap") {
    return [`<rect class="fold" y="${fix(top - 12)}" width="${width}" height="24"/>`];
  }
  if (item.kind !== "fault") return [];
  const kind = isMending(item.fault) ? "mended" : "strip";
  return [`<rect class="${kind}" y="${fix(top - 9)}" width="${width}" height="18"/>`];
}

function drawFault({ top }: Row, item: FaultItem): string[] {
  const kind = isMending(item.fault) ? "good" : "bad";
  return [
    textAt(TIME_WIDTH + 8, top + 4, cutText(describeFault(item.fault), 90), `word ${kind} plain`),
  ];
}

/** A bar at the right for each fault that lasts, from its beginning to its end. */
function bars(plan: Plan): string[] {
  const faults = plan.rows.filter(({ item }) => item.kind === "fault");
  const heights = new Map(faults.map(({ item, top }) => [item as ScheduledFault, top]));
  const free: number[] = Array(MAX_BARS).fill(0);
  return groupFaults([...heights.keys()]).flatMap((group) => {
    const [from, to] = rangeOf(group, heights, plan);
    const lane = free.findIndex((until) => until <= from);
    if (lane === -1 || to - from < 1) return [];
    free[lane] = to + 2;
    const x = plan.width - 12 - (lane + 1) * BAR_WIDTH;
    return [
      `<rect class="bar" x="${x}" y="${fix(from)}" width="6" height="${fix(to - from)}" rx="3"/>`,
    ];
  });
}

function rangeOf(
  group: FaultGroup,
  heights: ReadonlyMap<ScheduledFault, number>,
  { rows, bottom }: Plan,
): readonly [number, number] {
  const [begin] = group;
  const end = group.at(-1);
  if (begin === undefined || end === undefined) return [0, 0];
  const { fault } = begin;
  const from = heights.get(begin) ?? 0;
  if (end !== begin) return [from, heights.get(end) ?? bottom];
  if (fault.kind === "reset" || isMending(fault)) return [from, from];
  // A host may start again by itself.
  const started = rows.find(({ item, top }) =>
    fault.kind === "crash" && item.kind === "host" && item.host === fault.host &&
    item.state === "started" && top > from
  );
  return [from, started?.top ?? bottom];
}

/** The times at the left, where there is room for them. */
function times({ rows }: Plan): string[] {
  let last = -Infinity;
  return rows.flatMap(({ item, top }) => {
    if (top - last < 14) return [];
    last = top;
    return [textAt(TIME_WIDTH - 12, top + 4, showClock(item.at), "quiet", "end")];
  });
}

function remarks({ hiddenHosts, height }: Plan): string[] {
  if (hiddenHosts === 0) return [];
  return [textAt(12, height - 10, `${hiddenHosts} more hosts are not shown`, "quiet")];
}

/** A time as `1:02:03.456`, without leading parts that are zero. */
function showClock(milliseconds: number): string {
  const thousandths = Math.round(milliseconds);
  if (thousandths < 60_000) return `${(milliseconds / 1000).toFixed(4)} s`;
  const seconds = (thousandths % 60_000 / 1000).toFixed(3).padStart(6, "0");
  const minutes = Math.floor(thousandths / 60_000);
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

function textAt(x: number, y: number, text: string, kind: string, anchor = "start"): string {
  const place = `x="${fix(x)}" y="${fix(y)}"`;
  const side = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text ${place} class="${kind.trim()}"${side}>${escapeText(text)}</text>`;
}

function fix(value: number): number {
  return Number(value.toFixed(1));
}
