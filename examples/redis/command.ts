import type { PubSub } from "./pub_sub.ts";
import { type RespValue, SimpleString } from "./resp.ts";
import type { Store, Text } from "./store.ts";

/** Everything of one server that commands work on. */
export interface ServerState {
  readonly store: Store;
  readonly pubSub: PubSub;
  /** What INFO says: facts by section and name. */
  info(): Record<string, Record<string, string | number>>;
}

/** The client that a command came from. */
export interface Client {
  readonly id: number;
  readonly server: ServerState;
  /** What it calls itself. */
  name: string;
  /** The version of RESP that it reads. */
  version: 2 | 3;
  /** Subscribes to channels or patterns, and says so of each. */
  subscribe(kind: "channel" | "pattern", names: readonly string[]): void;
  /** Gives some of them up, or all where none is named, and says so of each. */
  unsubscribe(kind: "channel" | "pattern", names: readonly string[]): void;
  /** Sends the answer to this command, then leaves. */
  quit(): void;
}

/** Stands for an answer that is given in another way. */
export const NO_REPLY: unique symbol = Symbol("no reply");

/** What a command gives. */
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

/** A command that cannot be done, with the words for the client. */
export class CommandError extends Error {
  /** Takes the words, with their code in front. */
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/** The answer where there is nothing else to say. */
export const OK: SimpleString = new SimpleString("OK");

/** An argument as a string: bytes that are no text lose what they say. */
export function toWord(text: Text | undefined): string {
  if (text === undefined) throw new CommandError("ERR syntax error");
  return typeof text === "string" ? text : new TextDecoder().decode(text);
}

/** An argument as a whole number. */
export function toInteger(text: Text | undefined): number {
  const word = toWord(text);
  const value = Number(word);
  if (/^[+-]?\d+$/.test(word) && Number.isSafeInteger(value)) return value;
  throw new CommandError("ERR value is not an integer or out of range");
}

/** An argument as a number. */
export function toFloat(text: Text | undefined): number {
  const word = toWord(text);
  const value = Number(word);
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word) && Number.isFinite(value)) {
    return value;
  }
  throw new CommandError("ERR value is not a valid float");
}

/** Two places of a list or a text, which may be counted from the end, as two from its start. */
export function toRange(
  first: Text | undefined,
  last: Text | undefined,
  length: number,
): [number, number] {
  const [from, to] = [toInteger(first), toInteger(last)];
  return [
    Math.max(0, from < 0 ? from + length : from),
    Math.min(length - 1, to < 0 ? to + length : to),
  ];
}
