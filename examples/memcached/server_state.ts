import type { Store } from "./store.ts";

const NAMES = [
  "cmd_get",
  "cmd_set",
  "cmd_flush",
  "cmd_touch",
  "get_hits",
  "get_misses",
  "delete_hits",
  "delete_misses",
  "incr_hits",
  "incr_misses",
  "decr_hits",
  "decr_misses",
  "cas_hits",
  "cas_misses",
  "cas_badval",
  "touch_hits",
  "touch_misses",
] as const;

/** A counter of `stats`. */
export type Counter = typeof NAMES[number];

/** All that the clients of one server share. */
export interface ServerState {
  /** The items. */
  readonly store: Store;
  /** The longest value, in bytes. */
  readonly maxValueLength: number;
  /** The counters. */
  readonly counters: Record<Counter, number>;
  /** Facts that `stats` shows besides. */
  figures(): Record<string, string | number>;
}

/** Counters that are 0. */
export function newCounters(): Record<Counter, number> {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<Counter, number>;
}
