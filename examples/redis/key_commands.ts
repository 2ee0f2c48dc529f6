import { CommandError, type Commands, OK, toExpiry, toInteger, toWord } from "./command.ts";
import type { Client } from "./command.ts";
import { Deque } from "./deque.ts";
import { matchesGlob } from "./glob.ts";
import { SimpleString } from "./resp.ts";
import { keyOf, type Store, type Stored, type Text, textOf } from "./store.ts";

function typeOf(value: Stored | undefined): string {
  if (value === undefined) return "none";
  if (value instanceof Deque) return "list";
  return value instanceof Map ? "hash" : "string";
}

/** How long a key is still there: -1 if for ever, -2 if it is not. */
function timeLeft(store: Store, name: Text, unit: number): number {
  const at = store.expiryOf(keyOf(name));
  if (at === undefined) return -2;
  return at === Infinity ? -1 : Math.max(0, Math.ceil((at - Date.now()) / unit));
}

/** Has a key expire at a time, counted in a unit from a start. */
function expire(
  command: string,
  [key = "", time]: readonly Text[],
  { server }: Client,
  unit: number,
  start: number,
): number {
  const at = toExpiry(command, toInteger(time), unit, start);
  return Number(server.store.expire(keyOf(key), at));
}

function count(keys: readonly Text[], matches: (key: string) => boolean): number {
  return keys.filter((key) => matches(keyOf(key))).length;
}

function rename(store: Store, from: string, to: string): void {
  const value = store.get(from);
  if (value === undefined) throw new CommandError("ERR no such key");
  const expiresAt = store.expiryOf(from);
  store.delete(from);
  store.set(to, value, expiresAt);
}

/** All the keys at once, which a client must be ready for: the cursor is 0 from the beginning. */
function scan(store: Store, [cursor, ...options]: readonly Text[]): [string, Text[]] {
  if (!/^\d+$/.test(toWord(cursor))) throw new CommandError("ERR invalid cursor");
  let pattern = "*";
  for (let i = 0; i < options.length; i += 2) {
    const name = toWord(options[i]).toUpperCase();
    if (name === "MATCH") pattern = toWord(options[i + 1]);
    else if (name === "COUNT") toInteger(options[i + 1]);
    else if (name !== "TYPE") throw new CommandError("ERR syntax error");
  }
  return ["0", keysLike(store, pattern)];
}

function keysLike(store: Store, pattern: string): Text[] {
  return [...store.keys()].filter((key) => matchesGlob(pattern, key)).map(textOf);
}

/** Commands for keys of any type. */
export const KEY_COMMANDS: Commands = {
  DEL: [1, Infinity, (keys, { server }) => count(keys, (key) => server.store.delete(key))],
  UNLINK: [1, Infinity, (keys, { server }) => count(keys, (key) => server.store.delete(key))],
  EXISTS: [1, Infinity, (keys, { server }) => {
    return count(keys, (key) => server.store.get(key) !== undefined);
  }],
  TYPE: [1, 1, ([key = ""], { server }) => new SimpleString(typeOf(server.store.get(keyOf(key))))],
  EXPIRE: [2, 2, (args, client) => expire("expire", args, client, 1000, Date.now())],
  PEXPIRE: [2, 2, (args, client) => expire("pexpire", args, client, 1, Date.now())],
  EXPIREAT: [2, 2, (args, client) => expire("expireat", args, client, 1000, 0)],
  PERSIST: [1, 1, ([key = ""], { server }) => {
    const isExpiring = timeLeft(server.store, key, 1) >= 0;
    return Number(isExpiring && server.store.expire(keyOf(key), Infinity));
  }],
  TTL: [1, 1, ([key = ""], { server }) => timeLeft(server.store, key, 1000)],
  PTTL: [1, 1, ([key = ""], { server }) => timeLeft(server.store, key, 1)],
  KEYS: [1, 1, ([pattern], { server }) => keysLike(server.store, toWord(pattern))],
  SCAN: [1, Infinity, (args, { server }) => scan(server.store, args)],
  RENAME: [2, 2, ([from = "", to = ""], { server }) => {
    rename(server.store, keyOf(from), keyOf(to));
    return OK;
  }],
  DBSIZE: [0, 0, (_, { server }) => server.store.size],
  FLUSHDB: [0, 1, (_, { server }) => {
    server.store.clear();
    return OK;
  }],
  FLUSHALL: [0, 1, (_, { server }) => {
    server.store.clear();
    return OK;
  }],
};
