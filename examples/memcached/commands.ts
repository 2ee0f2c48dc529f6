import type { EncodedMessage } from "@sluice/net/protocols";
import type { Counter, ServerState } from "./server_state.ts";
import { END, type Item } from "./store.ts";

/** Carries out a command; the arguments are the words after its name, without "noreply". */
export type Run = (
  args: readonly string[],
  server: ServerState,
  data: Uint8Array,
) => EncodedMessage;

/** The version that clients are told; some of them compare it. */
const VERSION = "1.6.21";

/** The commands that are not answered if their last word is "noreply". */
const SILENT = new Set([
  ...["set", "add", "replace", "append", "prepend", "cas"],
  ...["delete", "incr", "decr", "touch", "flush_all", "verbosity"],
]);

const MAX_KEY_LENGTH = 250;
/** The largest counter and one more: they have 64 bits. */
const COUNTER_LIMIT = 1n << 64n;

const ERROR = "ERROR\r\n";
const BAD_FORMAT = "CLIENT_ERROR bad command line format\r\n";
const BAD_TIME = "CLIENT_ERROR invalid exptime argument\r\n";
const TOO_LARGE = "SERVER_ERROR object too large for cache\r\n";
const STORED = "STORED\r\n";
const NOT_STORED = "NOT_STORED\r\n";
const NOT_FOUND = "NOT_FOUND\r\n";
const OK = "OK\r\n";

/** The commands by their names. */
export const COMMANDS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ["get", (keys, server) => retrieve(keys, server)],
  ["gets", (keys, server) => retrieve(keys, server, true)],
  ["gat", (args, server) => touchAndGet(args, server, false)],
  ["gats", (args, server) => touchAndGet(args, server, true)],
  ["set", storing(() => STORED)],
  ["add", storing((item) => item === undefined ? STORED : NOT_STORED)],
  ["replace", storing((item) => item === undefined ? NOT_STORED : STORED)],
  ["append", joining((item, data) => [item.value, data])],
  ["prepend", joining((item, data) => [data, item.value])],
  ["cas", compareAndSet],
  ["delete", remove],
  ["incr", (args, server) => count(args, server, "incr")],
  ["decr", (args, server) => count(args, server, "decr")],
  ["touch", touch],
  ["flush_all", flush],
  ["stats", (args, server) => stats(args, server)],
  ["version", () => `VERSION ${VERSION}\r\n`],
  ["verbosity", (args) => args.length === 1 ? OK : ERROR],
]);

/** Whether a command is not to be answered. */
export function isSilent(words: readonly string[]): boolean {
  return words[words.length - 1] === "noreply" && SILENT.has(words[0] ?? "");
}

function retrieve(
  keys: readonly string[],
  server: ServerState,
  isCasWanted: boolean = false,
): EncodedMessage {
  if (keys.length === 0) return ERROR;
  const parts: (Uint8Array | string)[] = [];
  for (const key of keys) {
    if (key.length > MAX_KEY_LENGTH) return BAD_FORMAT;
    const item = find(key, server);
    if (item === undefined) continue;
    parts.push(...isCasWanted ? withCas(item) : [item.answer.subarray(0, -END.length)]);
  }
  return [...parts, END];
}

/** The answer to `get` of one key: by far the most frequent command. */
export function getOne(key: string, server: ServerState): Uint8Array | string {
  if (key.length > MAX_KEY_LENGTH) return BAD_FORMAT;
  return find(key, server)?.answer ?? END;
}

function find(key: string, { store, counters }: ServerState): Item | undefined {
  counters.cmd_get++;
  const item = store.get(key);
  if (item === undefined) counters.get_misses++;
  else counters.get_hits++;
  return item;
}

function withCas({ answer, value, flags, key, cas }: Item): (Uint8Array | string)[] {
  // The start of the stored answer has the bytes of the key.
  const start = answer.subarray(0, "VALUE ".length + key.length);
  return [start, ` ${flags} ${value.length} ${cas}\r\n`, value, "\r\n"];
}

function touchAndGet(
  [time = "", ...keys]: readonly string[],
  server: ServerState,
  isCasWanted: boolean,
): EncodedMessage {
  const seconds = toTime(time);
  if (seconds === null) return BAD_TIME;
  if (keys.length === 0) return ERROR;
  for (const key of keys) {
    const item = server.store.get(key);
    server.counters.cmd_touch++;
    server.counters[item === undefined ? "touch_misses" : "touch_hits"]++;
    if (item !== undefined) server.store.touch(item, seconds);
  }
  // Items that have expired by that are not found.
  return retrieve(keys, server, isCasWanted);
}

/** A command that stores its data, if the item that is there lets it. */
function storing(decide: (item: Item | undefined) => string): Run {
  return (args, { store, counters }, data) => {
    const parsed = parseStoring(args, 4);
    if (parsed === null) return BAD_FORMAT;
    counters.cmd_set++;
    const answer = decide(store.get(parsed.key));
    if (answer === STORED) store.set(parsed.key, parsed.flags, parsed.seconds, data);
    return answer;
  };
}

/** A command that joins its data to a value. */
function joining(join: (item: Item, data: Uint8Array) => readonly Uint8Array[]): Run {
  return (args, { store, counters, maxValueLength }, data) => {
    const parsed = parseStoring(args, 4);
    if (parsed === null) return BAD_FORMAT;
    counters.cmd_set++;
    const item = store.get(parsed.key);
    if (item === undefined) return NOT_STORED;
    if (item.value.length + data.length > maxValueLength) return TOO_LARGE;
    store.replace(item, concat(join(item, data)));
    return STORED;
  };
}

function compareAndSet(
  args: readonly string[],
  { store, counters }: ServerState,
  data: Uint8Array,
): string {
  const parsed = parseStoring(args, 5);
  const cas = args[4] ?? "";
  if (parsed === null || toCounter(cas) === null) return BAD_FORMAT;
  counters.cmd_set++;
  const item = store.get(parsed.key);
  const isSame = item !== undefined && BigInt(cas) === BigInt(item.cas);
  counters[item === undefined ? "cas_misses" : isSame ? "cas_hits" : "cas_badval"]++;
  if (item === undefined) return NOT_FOUND;
  if (!isSame) return "EXISTS\r\n";
  store.set(parsed.key, parsed.flags, parsed.seconds, data);
  return STORED;
}

/** The fields before the data: key, flags, time to expire, length. */
function parseStoring(
  args: readonly string[],
  length: number,
): { key: string; flags: number; seconds: number } | null {
  const [key = "", flags = "", time = ""] = args;
  const seconds = toTime(time);
  const isRight = args.length === length && isKey(key) && seconds !== null &&
    /^\d{1,10}$/.test(flags) && Number(flags) < 2 ** 32;
  return isRight ? { key, flags: Number(flags), seconds } : null;
}

function remove(args: readonly string[], { store, counters }: ServerState): string {
  const [key = "", time = "0"] = args;
  if (args.length === 0) return ERROR;
  // An old form has a time, which has to be 0.
  if (args.length > 2 || time !== "0" || !isKey(key)) {
    return "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n";
  }
  const wasThere = store.get(key) !== undefined && store.delete(key);
  counters[wasThere ? "delete_hits" : "delete_misses"]++;
  return wasThere ? "DELETED\r\n" : NOT_FOUND;
}

function count(
  args: readonly string[],
  { store, counters }: ServerState,
  name: "incr" | "decr",
): string {
  const [key = "", delta = ""] = args;
  if (args.length !== 2) return ERROR;
  if (!isKey(key)) return BAD_FORMAT;
  const by = toCounter(delta);
  if (by === null) return "CLIENT_ERROR invalid numeric delta argument\r\n";
  const item = store.get(key);
  const outcome = item === undefined ? "misses" : "hits";
  counters[`${name}_${outcome}`]++;
  if (item === undefined) return NOT_FOUND;
  const before = toCounter(new TextDecoder().decode(item.value));
  if (before === null) {
    return "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
  }
  // Up it goes on from 0, down it stops there.
  const after = name === "incr" ? (before + by) % COUNTER_LIMIT : by > before ? 0n : before - by;
  store.replace(item, new TextEncoder().encode(`${after}`));
  return `${after}\r\n`;
}

function touch(args: readonly string[], { store, counters }: ServerState): string {
  const [key = "", time = ""] = args;
  if (args.length !== 2) return ERROR;
  const seconds = toTime(time);
  if (!isKey(key)) return BAD_FORMAT;
  if (seconds === null) return BAD_TIME;
  const item = store.get(key);
  counters.cmd_touch++;
  counters[item === undefined ? "touch_misses" : "touch_hits"]++;
  if (item === undefined) return NOT_FOUND;
  store.touch(item, seconds);
  return "TOUCHED\r\n";
}

function flush(args: readonly string[], { store, counters }: ServerState): string {
  const seconds = toTime(args[0] ?? "0");
  if (args.length > 1) return ERROR;
  if (seconds === null) return BAD_TIME;
  counters.cmd_flush++;
  store.flush(seconds);
  return OK;
}

/** Figures that there are none of here. */
const NO_STATS = new Set(["items", "settings", "sizes", "slabs"]);

function stats([what]: readonly string[], server: ServerState): string {
  if (what === "reset") {
    for (const name of Object.keys(server.counters)) server.counters[name as Counter] = 0;
    return "RESET\r\n";
  }
  if (what !== undefined) return NO_STATS.has(what) ? END : ERROR;
  const figures = { version: VERSION, ...server.figures(), ...server.counters };
  return Object.entries(figures).map(([name, value]) => `STAT ${name} ${value}\r\n`).join("") + END;
}

function isKey(key: string): boolean {
  return key.length > 0 && key.length <= MAX_KEY_LENGTH && !/[\0-\x20\x7f]/.test(key);
}

/** A number of seconds; `null` for anything else. */
function toTime(text: string): number | null {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** A number of 64 bits without a sign; `null` for anything else. */
function toCounter(text: string): bigint | null {
  if (!/^\d{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  return value < COUNTER_LIMIT ? value : null;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
