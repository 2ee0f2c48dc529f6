import type { PubSub } from "./pub_sub.ts";
import { type RespValue, SimpleString } from "./resp.ts";
import type { Store, Text } from "./store.ts";

/** The state of one server that commands work on. */
export interface ServerState {
  readonly store: Store;
  readonly pubSub: PubSub;
  /** The facts of INFO, by section and name. */
  info(): Record<string, Record<string, string | number>>;
}

/** The client that a command came from. */
export interface Client {
  readonly id: number;
  readonly server: ServerState;
  /** The name that it has chosen. */
  name: string;
  /** The version of RESP that it reads. */
  version: 2 | 3;
  /** Subscribes to channels or patterns, and confirms each. */
  subscribe(kind: "channel" | "pattern", names: readonly string[]): void;
  /** Unsubscribes from some, or from all if none is named, and confirms each. */
  unsubscribe(kind: "channel" | "pattern", names: readonly string[]): void;
  /** Sends the answer to this command, then closes. */
  quit(): void;
}

/** The result of a command whose answer is sent in another way. */
export const NO_REPLY: unique symbol = Symbol("no reply");

/** The result of a command. */
export type Reply = RespValue | typeof NO_REPLY;

/**
 * A command: how many arguments it takes at least and at most, and what it does. Its name is not
 * among the arguments.
 */
export type Command = readonly [
  least: number,
  most: number,
  run: (args: readonly Text[], client: Client) => Reply,
];

/** Commands by their names in capitals. */
export type Commands = Readonly<Record<string, Command>>;

/** A command that fails, with the text for the client. */
export class CommandError extends Error {
  /** Takes the text, which begins with its code. */
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/** The answer where there is nothing else to say. */
export const OK: SimpleString = new SimpleString("OK");

/** An argument as a string; bytes that are not UTF-8 are replaced. */
export function toWord(text: Text | undefined): string {
  if (text === undefined) throw new CommandError("ERR syntax error");
  return typeof text === "string" ? text : new TextDecoder().decode(text);
}

/** An argument as a whole number of 64 bits, written in the only way that Redis takes. */
export function toInteger(
  text: Text | undefined,
  complaint = "value is not an integer or out of range",
): bigint {
  const word = toWord(text);
  if (/^(?:0|-?[1-9]\d{0,18})$/.test(word)) {
    const value = BigInt(word);
    if (BigInt.asIntN(64, value) === value) return value;
  }
  throw new CommandError(`ERR ${complaint}`);
}

/** An argument as a place or a count, which is exact as far as there can be that many values. */
export function toIndex(text: Text | undefined): number {
  return Number(toInteger(text));
}

/** The sum of two whole numbers, if it has 64 bits. */
export function add(a: bigint, b: bigint): bigint {
  const sum = a + b;
  if (BigInt.asIntN(64, sum) === sum) return sum;
  throw new CommandError("ERR increment or decrement would overflow");
}

/**
 * When a key expires, in milliseconds since 1970.
 *
 * @param command The command that says so, for an error.
 * @param time The time that it names.
 * @param unit How many milliseconds the time counts by.
 * @param start What it counts from, in milliseconds since 1970.
 */
export function toExpiry(command: string, time: bigint, unit: number, start: number): number {
  const at = time * BigInt(unit) + BigInt(start);
  if (BigInt.asIntN(64, time * BigInt(unit)) === time * BigInt(unit) && at <= MAX_INTEGER) {
    return Number(at);
  }
  throw new CommandError(`ERR invalid expire time in '${command}' command`);
}

/** The largest whole number of 64 bits. */
const MAX_INTEGER = 2n ** 63n - 1n;

/** An argument as a number. */
export function toFloat(text: Text | undefined): number {
  const word = toWord(text);
  const value = Number(word);
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) return value;
  if (/^[+-]?inf(?:inity)?$/i.test(word)) return word.startsWith("-") ? -Infinity : Infinity;
  throw new CommandError("ERR value is not a valid float");
}

/** Two positions in a list or a text, which may count from the end, as positions from the start. */
export function toRange(
  first: Text | undefined,
  last: Text | undefined,
  length: number,
): [number, number] {
  const [from, to] = [toIndex(first), toIndex(last)];
  return [
    Math.max(0, from < 0 ? from + length : from),
    Math.min(length - 1, to < 0 ? to + length : to),
  ];
}
