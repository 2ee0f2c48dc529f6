import type { TimelineItem } from "./timeline_items.ts";

/** The least room of a row below the one before, by kind, in pixels. */
const ROOM = { segment: 17, fault: 24, host: 17, gap: 30, end: 5 } as const;
/** The most room that time adds between two events, in pixels. */
const MAX_PAUSE = 34;

/** Where an item is drawn. */
export interface Row {
  /** The item. */
  readonly item: TimelineItem;
  /** Where it begins, in pixels from the top. */
  readonly top: number;
  /** Where it ends: for segments, where they arrive. */
  readonly bottom: number;
}

/** An event of the picture: the beginning or the end of an item. */
interface Moment {
  readonly at: number;
  readonly index: number;
  readonly isEnd: boolean;
  readonly room: number;
}

/**
 * Finds the heights of items. Time goes down, but not evenly: a pause counts by its logarithm, so
 * that milliseconds can be seen beside minutes, and every row has room for its text.
 *
 * @param items The items.
 * @param top Where the first one begins.
 * @param end The end of the run, in milliseconds.
 */
export function placeRows(
  items: readonly TimelineItem[],
  top: number,
  end: number,
): { readonly rows: readonly Row[]; readonly bottom: number } {
  const tops: number[] = [];
  const bottoms: number[] = [];
  let y = top;
  let time = items[0]?.at ?? 0;
  for (const { at, index, isEnd, room } of momentsOf(items, end)) {
    y += Math.max(room, pauseOf(at - time));
    time = at;
    (isEnd ? bottoms : tops)[index] = y;
  }
  const rows = items.map((item, index) => {
    const begin = tops[index] ?? y;
    return { item, top: begin, bottom: bottoms[index] ?? begin };
  });
  return { rows, bottom: y + Math.max(ROOM.segment, pauseOf(end - time)) };
}

function momentsOf(items: readonly TimelineItem[], end: number): Moment[] {
  const moments = items.flatMap((item, index): Moment[] => {
    const begin = { at: item.at, index, isEnd: false, room: ROOM[item.kind] };
    if (item.kind !== "segment") return [begin];
    return [begin, { at: item.end ?? end, index, isEnd: true, room: ROOM.end }];
  });
  // At the same time an arrival comes before what it leads to.
  const order = ({ index, isEnd }: Moment): number => isEnd ? index - items.length : index;
  return moments.sort((a, b) => a.at - b.at || order(a) - order(b));
}

function pauseOf(milliseconds: number): number {
  return milliseconds <= 0 ? 0 : Math.min(MAX_PAUSE, 5 + 6 * Math.log10(1 + 10 * milliseconds));
}
