import type { Fault } from "../faults/faults.ts";
import type { SegmentKind } from "../faults/segment_rule.ts";

/** Segments that left a host together, and what became of them. */
export interface SegmentItem {
  /** The kind of the item. */
  readonly kind: "segment";
  /** When they left, in milliseconds. */
  readonly at: number;
  /** The kind of the segments. */
  readonly segment: SegmentKind;
  /** The host that they left. */
  readonly from: string;
  /** The host that they go to. */
  readonly to: string;
  /** The beginning of the bytes, if it is text. */
  readonly text: string;
  /** How many they are. */
  count: number;
  /** How many bytes they carry. */
  bytes: number;
  /** When the last of them arrived or was lost; `null` while they are on their way. */
  end: number | null;
  /** Whether one of them was lost. */
  isLost: boolean;
}

/** A fault happened. */
export interface FaultItem {
  /** The kind of the item. */
  readonly kind: "fault";
  /** When, in milliseconds. */
  readonly at: number;
  /** The fault. */
  readonly fault: Fault;
}

/** A host started, ended, failed or crashed. */
export interface HostItem {
  /** The kind of the item. */
  readonly kind: "host";
  /** When, in milliseconds. */
  readonly at: number;
  /** The host. */
  readonly host: string;
  /** The event. */
  readonly state: "started" | "ended" | "failed" | "crashed";
}

/** Items that are left out. */
export interface GapItem {
  /** The kind of the item. */
  readonly kind: "gap";
  /** The time of the first of them, in milliseconds. */
  readonly at: number;
  /** How many they are. */
  readonly count: number;
}

/** A row of the picture. */
export type TimelineItem = SegmentItem | FaultItem | HostItem | GapItem;
