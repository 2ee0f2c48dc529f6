import { add, CommandError, type Commands, toInteger } from "./command.ts";
import type { RespValue } from "./resp.ts";
import { keyOf, own, type Store, type Text, textOf } from "./store.ts";

function set(store: Store, [name = "", ...pairs]: readonly Text[]): number {
  if (pairs.length % 2 === 1) {
    throw new CommandError("ERR wrong number of arguments for 'hset' command");
  }
  const hash = store.makeHash(keyOf(name));
  const before = hash.size;
  for (let i = 0; i < pairs.length; i += 2) {
    hash.set(own(keyOf(pairs[i] ?? "")), own(pairs[i + 1] ?? ""));
  }
  return hash.size - before;
}

function remove(store: Store, [name = "", ...fields]: readonly Text[]): number {
  const key = keyOf(name);
  const hash = store.getHash(key);
  if (hash === undefined) return 0;
  const removed = fields.filter((field) => hash.delete(keyOf(field))).length;
  if (hash.size === 0) store.delete(key);
  return removed;
}

function increase(store: Store, [name = "", field = "", by]: readonly Text[]): bigint {
  const step = toInteger(by);
  const old = store.getHash(keyOf(name))?.get(keyOf(field)) ?? "0";
  const value = add(toInteger(old, "hash value is not an integer"), step);
  set(store, [name, field, String(value)]);
  return value;
}

function all(store: Store, name: Text | undefined): [Text, Text][] {
  const hash = store.getHash(keyOf(name ?? ""));
  return Array.from(hash ?? [], ([field, value]) => [textOf(field), value]);
}

function get(store: Store, name: Text | undefined, field: Text): RespValue {
  return store.getHash(keyOf(name ?? ""))?.get(keyOf(field)) ?? null;
}

/** Hashes. */
export const HASH_COMMANDS: Commands = {
  HSET: [3, Infinity, (args, { server }) => set(server.store, args)],
  HGET: [2, 2, ([key, field = ""], { server }) => get(server.store, key, field)],
  HMGET: [2, Infinity, ([key, ...fields], { server }) => {
    return fields.map((field) => get(server.store, key, field));
  }],
  HDEL: [2, Infinity, (args, { server }) => remove(server.store, args)],
  HEXISTS: [2, 2, ([key, field = ""], { server }) => {
    return Number(get(server.store, key, field) !== null);
  }],
  HLEN: [1, 1, ([key = ""], { server }) => server.store.getHash(keyOf(key))?.size ?? 0],
  HGETALL: [1, 1, ([key], { server }) => new Map(all(server.store, key))],
  HKEYS: [1, 1, ([key], { server }) => all(server.store, key).map(([field]) => field)],
  HVALS: [1, 1, ([key], { server }) => all(server.store, key).map(([, value]) => value)],
  HINCRBY: [3, 3, (args, { server }) => increase(server.store, args)],
};
