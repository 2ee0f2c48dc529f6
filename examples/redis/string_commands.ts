import { utf8Length } from "@sluice/net/protocols";
import {
  add,
  CommandError,
  type Commands,
  OK,
  toExpiry,
  toFloat,
  toInteger,
  toRange,
  toWord,
} from "./command.ts";
import type { RespValue } from "./resp.ts";
import { keyOf, own, type Store, type Text } from "./store.ts";

const encoder = new TextEncoder();

/** How many milliseconds the unit of an option has, and whether it counts from now. */
const EXPIRY_OPTIONS: Record<string, { unit: number; isFromNow: boolean } | undefined> = {
  EX: { unit: 1000, isFromNow: true },
  PX: { unit: 1, isFromNow: true },
  EXAT: { unit: 1000, isFromNow: false },
  PXAT: { unit: 1, isFromNow: false },
};

/** The options of SET. */
interface SetOptions {
  expiresAt: number | "kept" | null;
  condition: "NX" | "XX" | null;
  givesOld: boolean;
}

function readSetOptions(command: string, args: readonly Text[]): SetOptions {
  const options: SetOptions = { expiresAt: null, condition: null, givesOld: false };
  for (let i = 2; i < args.length; i++) {
    const word = toWord(args[i]).toUpperCase();
    const expiry = EXPIRY_OPTIONS[word];
    const isExpiryFree = options.expiresAt === null;
    if (expiry !== undefined && isExpiryFree) {
      const time = toInteger(args[++i]);
      if (time <= 0n) throw new CommandError(`ERR invalid expire time in '${command}' command`);
      const start = expiry.isFromNow ? Date.now() : 0;
      options.expiresAt = toExpiry(command, time, expiry.unit, start);
    } else if (word === "KEEPTTL" && isExpiryFree) options.expiresAt = "kept";
    else if ((word === "NX" || word === "XX") && (options.condition ?? word) === word) {
      options.condition = word;
    } else if (word === "GET") options.givesOld = true;
    else throw new CommandError("ERR syntax error");
  }
  return options;
}

function set(store: Store, args: readonly Text[], command = "set"): RespValue {
  const [name = "", value = ""] = args;
  const key = keyOf(name);
  if (args.length === 2) {
    store.set(key, own(value));
    return OK;
  }
  const { expiresAt, condition, givesOld } = readSetOptions(command, args);
  const old = givesOld ? store.getText(key) ?? null : null;
  const isThere = store.get(key) !== undefined;
  if ((condition === "NX" && isThere) || (condition === "XX" && !isThere)) return old;
  const until = expiresAt === "kept" ? store.expiryOf(key) : expiresAt;
  store.set(key, own(value), until ?? Infinity);
  return givesOld ? old : OK;
}

/** Replaces a text; the key expires when it would have. */
function replace(store: Store, key: string, value: Text): void {
  store.set(key, value, store.expiryOf(key) ?? Infinity);
}

function increase(store: Store, name: Text | undefined, by: bigint): bigint {
  const key = keyOf(name ?? "");
  const value = add(toInteger(store.getText(key) ?? "0"), by);
  replace(store, key, String(value));
  return value;
}

function decrease(store: Store, name: Text | undefined, by: bigint): bigint {
  // Its negative has more than 64 bits.
  if (by === -(2n ** 63n)) throw new CommandError("ERR decrement would overflow");
  return increase(store, name, -by);
}

function increaseByFloat(store: Store, name: Text | undefined, by: number): string {
  const key = keyOf(name ?? "");
  const sum = toFloat(store.getText(key) ?? "0") + by;
  if (!Number.isFinite(sum)) throw new CommandError("ERR increment would produce NaN or Infinity");
  const value = String(sum);
  replace(store, key, value);
  return value;
}

function append(store: Store, name: Text | undefined, more: Text): number {
  const key = keyOf(name ?? "");
  const old = store.getText(key) ?? "";
  const isText = typeof old === "string" && typeof more === "string";
  const value = isText ? own(old + more) : joinBytes(toBytes(old), toBytes(more));
  replace(store, key, value);
  return lengthOf(value);
}

function lengthOf(text: Text): number {
  return typeof text === "string" ? utf8Length(text) : text.length;
}

function toBytes(text: Text): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function getRange(store: Store, [name, first, last]: readonly Text[]): Text {
  const bytes = toBytes(store.getText(keyOf(name ?? "")) ?? "");
  const [from, to] = toRange(first, last, bytes.length);
  return bytes.slice(from, Math.max(from, to + 1));
}

/** Strings and counters. */
export const STRING_COMMANDS: Commands = {
  GET: [1, 1, ([key = ""], { server }) => server.store.getText(keyOf(key)) ?? null],
  SET: [2, 8, (args, { server }) => set(server.store, args)],
  SETNX: [2, 2, ([key = "", value = ""], { server }) => {
    return set(server.store, [key, value, "NX"]) === OK ? 1 : 0;
  }],
  SETEX: [3, 3, ([key = "", seconds = "", value = ""], { server }) => {
    return set(server.store, [key, value, "EX", seconds], "setex");
  }],
  PSETEX: [3, 3, ([key = "", milliseconds = "", value = ""], { server }) => {
    return set(server.store, [key, value, "PX", milliseconds], "psetex");
  }],
  GETSET: [2, 2, ([key = "", value = ""], { server }) => set(server.store, [key, value, "GET"])],
  GETDEL: [1, 1, ([key = ""], { server }) => {
    const value = server.store.getText(keyOf(key)) ?? null;
    server.store.delete(keyOf(key));
    return value;
  }],
  MGET: [1, Infinity, (keys, { server }) =>
    keys.map((key) => {
      const value = server.store.get(keyOf(key));
      return typeof value === "string" || value instanceof Uint8Array ? value : null;
    })],
  MSET: [2, Infinity, (args, { server }) => {
    if (args.length % 2 === 1) {
      throw new CommandError("ERR wrong number of arguments for 'mset' command");
    }
    for (let i = 0; i < args.length; i += 2) set(server.store, args.slice(i, i + 2));
    return OK;
  }],
  APPEND: [2, 2, ([key, more = ""], { server }) => append(server.store, key, more)],
  STRLEN: [1, 1, ([key = ""], { server }) => lengthOf(server.store.getText(keyOf(key)) ?? "")],
  GETRANGE: [3, 3, (args, { server }) => getRange(server.store, args)],
  INCR: [1, 1, ([key], { server }) => increase(server.store, key, 1n)],
  DECR: [1, 1, ([key], { server }) => increase(server.store, key, -1n)],
  INCRBY: [2, 2, ([key, by], { server }) => increase(server.store, key, toInteger(by))],
  DECRBY: [2, 2, ([key, by], { server }) => decrease(server.store, key, toInteger(by))],
  INCRBYFLOAT: [2, 2, ([key, by], { server }) => increaseByFloat(server.store, key, toFloat(by))],
};
