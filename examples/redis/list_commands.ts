import { CommandError, type Commands, OK, toIndex, toInteger, toRange } from "./command.ts";
import { Deque } from "./deque.ts";
import type { RespValue } from "./resp.ts";
import { keyOf, own, type Store, type Text } from "./store.ts";

const OUT_OF_RANGE = "value is out of range, must be positive";

function push(
  store: Store,
  side: "push" | "unshift",
  [name = "", ...values]: readonly Text[],
): number {
  const list = store.makeList(keyOf(name));
  for (const value of values) list[side](own(value));
  return list.length;
}

function pop(store: Store, side: "pop" | "shift", [name = "", many]: readonly Text[]): RespValue {
  const key = keyOf(name);
  const list = store.getList(key);
  const count = many === undefined ? 1 : Number(toInteger(many, OUT_OF_RANGE));
  if (count < 0) throw new CommandError(`ERR ${OUT_OF_RANGE}`);
  if (list === undefined) return null;
  const values: Text[] = [];
  for (let left = count; left > 0 && list.length > 0; left--) {
    values.push(list[side]() ?? "");
  }
  if (list.length === 0) store.delete(key);
  return many === undefined ? values[0] ?? null : values;
}

function range(store: Store, [name = "", first, last]: readonly Text[]): Text[] {
  const list = store.getList(keyOf(name)) ?? new Deque<Text>();
  const [from, to] = toRange(first, last, list.length);
  const values: Text[] = [];
  for (let i = from; i <= to; i++) values.push(list.at(i) ?? "");
  return values;
}

/** Replaces the values of a list; a list without values is no key. */
function refill(store: Store, key: string, values: Iterable<Text>): void {
  const list = new Deque<Text>();
  for (const value of values) list.push(value);
  if (list.length === 0) store.delete(key);
  else store.set(key, list, store.expiryOf(key));
}

function remove(store: Store, [name = "", many, text]: readonly Text[]): number {
  const key = keyOf(name);
  const isBackwards = toIndex(many) < 0;
  const values = [...store.getList(key) ?? []];
  if (isBackwards) values.reverse();
  let left = Math.abs(toIndex(many)) || Infinity;
  const kept = values.filter((value) => keyOf(value) !== keyOf(text ?? "") || left-- <= 0);
  if (isBackwards) kept.reverse();
  if (kept.length < values.length) refill(store, key, kept);
  return values.length - kept.length;
}

/** Lists. */
export const LIST_COMMANDS: Commands = {
  LPUSH: [2, Infinity, (args, { server }) => push(server.store, "unshift", args)],
  RPUSH: [2, Infinity, (args, { server }) => push(server.store, "push", args)],
  LPOP: [1, 2, (args, { server }) => pop(server.store, "shift", args)],
  RPOP: [1, 2, (args, { server }) => pop(server.store, "pop", args)],
  LLEN: [1, 1, ([key = ""], { server }) => server.store.getList(keyOf(key))?.length ?? 0],
  LINDEX: [2, 2, ([key = "", index], { server }) => {
    return server.store.getList(keyOf(key))?.at(toIndex(index)) ?? null;
  }],
  LSET: [3, 3, ([key = "", index, value = ""], { server }) => {
    const list = server.store.getList(keyOf(key));
    if (list === undefined) throw new CommandError("ERR no such key");
    if (!list.set(toIndex(index), own(value))) throw new CommandError("ERR index out of range");
    return OK;
  }],
  LRANGE: [3, 3, (args, { server }) => range(server.store, args)],
  LTRIM: [3, 3, (args, { server }) => {
    refill(server.store, keyOf(args[0] ?? ""), range(server.store, args));
    return OK;
  }],
  LREM: [3, 3, (args, { server }) => remove(server.store, args)],
};
