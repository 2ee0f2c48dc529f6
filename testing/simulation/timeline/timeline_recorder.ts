import type { SegmentEvent, SimulationEvent } from "../trace.ts";
import { drawTimeline } from "./draw_timeline.ts";
import { EndsOfList } from "./ends_of_list.ts";
import type { SegmentItem, TimelineItem } from "./timeline_items.ts";

/** So many rows of the beginning and of the end are drawn. */
const [FIRST_ITEMS, LAST_ITEMS] = [40, 90];
/** So many hosts are drawn; the others are only counted. */
const MAX_HOSTS = 20;
/** So many segments are followed on their way: after a reset some never arrive. */
const MAX_TRAVELLING = 10_000;
/** So much of the bytes is shown, if they are text. */
const MAX_TEXT = 16;

/** Records what a picture of a run shows. It takes no more memory for a longer run. */
export class TimelineRecorder {
  readonly #items = new EndsOfList<TimelineItem>(FIRST_ITEMS, LAST_ITEMS);
  readonly #hosts = new Set<string>();
  readonly #others = new Set<string>();
  // The segments on their way, by connection, sender and offset; datagrams by their bytes.
  readonly #travelling = new Map<string | Uint8Array, SegmentItem>();
  #lastSent: { readonly item: SegmentItem; readonly event: SegmentEvent } | null = null;
  #end = 0;

  /** Something happened. */
  add(event: SimulationEvent): void {
    this.#end = event.at;
    switch (event.kind) {
      case "segment":
        return this.#addSegment(event);
      case "fault":
        return this.#push({ kind: "fault", at: event.at, fault: event.fault });
      case "host":
        if (!this.#shows(event.host)) return;
        return this.#push({ kind: "host", at: event.at, host: event.host, state: event.state });
    }
  }

  /** The picture, as SVG. */
  draw(title: string): string {
    const { first, last, gap } = this.#items.ends();
    const between: TimelineItem[] = gap === null
      ? []
      : [{ kind: "gap", at: gap.first.at, count: gap.count }];
    return drawTimeline({
      title,
      hosts: [...this.#hosts],
      hiddenHosts: this.#others.size,
      items: [...first, ...between, ...last],
      end: this.#end,
    });
  }

  #push(item: TimelineItem): void {
    this.#items.push(item);
    this.#lastSent = null;
  }

  /** Whether there is room for a host. */
  #shows(host: string): boolean {
    if (this.#hosts.has(host)) return true;
    if (this.#hosts.size < MAX_HOSTS) this.#hosts.add(host);
    else if (this.#others.size < 10_000) this.#others.add(host);
    return this.#hosts.has(host);
  }

  #addSegment(event: SegmentEvent): void {
    if (!this.#shows(event.from) || !this.#shows(event.to)) return;
    if (event.phase === "arrived" || event.phase === "lost") return this.#settle(event);
    const item = this.#joined(event) ?? this.#begin(event);
    this.#travelling.set(keyOf(event), item);
    if (this.#travelling.size > MAX_TRAVELLING) this.#forgetOldest();
    this.#lastSent = { item, event };
  }

  #forgetOldest(): void {
    const [oldest] = this.#travelling.keys();
    if (oldest !== undefined) this.#travelling.delete(oldest);
  }

  #settle(event: SegmentEvent): void {
    const key = keyOf(event);
    const item = this.#travelling.get(key);
    if (item === undefined) return;
    this.#travelling.delete(key);
    item.end = event.at;
    if (event.phase === "lost") item.isLost = true;
  }

  /** Bytes that one write cut into segments are one arrow. */
  #joined(event: SegmentEvent): SegmentItem | null {
    const last = this.#lastSent;
    const isSame = last !== null && event.segment === "DATA" && event.at === last.event.at &&
      event.source === last.event.source && event.destination === last.event.destination &&
      event.segment === last.event.segment && event.phase === last.event.phase;
    if (!isSame) return null;
    last.item.count++;
    last.item.bytes += event.data.length;
    return last.item;
  }

  #begin({ at, segment, from, to, data }: SegmentEvent): SegmentItem {
    const item: SegmentItem = {
      kind: "segment",
      at,
      segment,
      from,
      to,
      text: toText(data),
      count: 1,
      bytes: data.length,
      end: null,
      isLost: false,
    };
    this.#push(item);
    return item;
  }
}

function keyOf({ segment, connection, source, offset, data }: SegmentEvent): string | Uint8Array {
  return segment === "UDP" ? data : `${connection} ${source} ${segment} ${offset}`;
}

/** The beginning of bytes as text; empty if they are none. */
function toText(data: Uint8Array): string {
  let text = "";
  for (const byte of data.subarray(0, MAX_TEXT)) {
    if (byte === 10 || byte === 13) text += " ";
    else if (byte < 32 || byte > 126) return "";
    else text += String.fromCharCode(byte);
  }
  return data.length > MAX_TEXT ? `${text}…` : text.trimEnd();
}
