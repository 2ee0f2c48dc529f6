import { Deque } from "./deque.ts";

/** A string as Redis has it: text, or bytes that are none. */
export type Text = string | Uint8Array;

/** The value of a key. */
export type Stored = Text | Deque<Text> | Map<string, Text>;

interface Entry {
  value: Stored;
  /** When it expires, in milliseconds since 1970; `Infinity` for never. */
  expiresAt: number;
}

/** The key has a value of another type than the command needs. */
export class WrongTypeError extends Error {
  /** Says so, in Redis's words. */
  constructor() {
    super("WRONGTYPE Operation against a key holding the wrong kind of value");
    this.name = "WrongTypeError";
  }
}

/**
 * Up to this many characters a text has memory of its own; a longer one may pin the chunk that it
 * was cut from.
 */
const OWN_LENGTH = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Keys and their values, in memory. An expired key is treated as missing, and is dropped when it is
 * looked up or swept.
 */
export class Store {
  readonly #entries = new Map<string, Entry>();
  #expiring = 0;
  // Where the last sweep stopped.
  #sweeping: Iterator<[string, Entry]> | null = null;

  /** How many keys there are, including expired ones that have not been swept. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many keys are to expire. */
  get expiring(): number {
    return this.#expiring;
  }

  /** The value of a key. */
  get(key: string): Stored | undefined {
    return this.#entry(key)?.value;
  }

  /** A key's string; throws if its value has another type. */
  getText(key: string): Text | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "string" || value instanceof Uint8Array) {
      return value;
    }
    throw new WrongTypeError();
  }

  /** A key's list; throws if its value has another type. */
  getList(key: string): Deque<Text> | undefined {
    const value = this.get(key);
    if (value === undefined || value instanceof Deque) return value;
    throw new WrongTypeError();
  }

  /** A key's hash; throws if its value has another type. */
  getHash(key: string): Map<string, Text> | undefined {
    const value = this.get(key);
    if (value === undefined || value instanceof Map) return value;
    throw new WrongTypeError();
  }

  /** A key's list, made if there is none. */
  makeList(key: string): Deque<Text> {
    const list = this.getList(key) ?? new Deque<Text>();
    if (list.length === 0) this.set(key, list);
    return list;
  }

  /** A key's hash, made if there is none. */
  makeHash(key: string): Map<string, Text> {
    const hash = this.getHash(key) ?? new Map<string, Text>();
    if (hash.size === 0) this.set(key, hash);
    return hash;
  }

  /** Sets the value of a key, by default for ever. */
  set(key: string, value: Stored, expiresAt: number = Infinity): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(own(key), { value, expiresAt: Infinity });
      if (expiresAt !== Infinity) this.expire(key, expiresAt);
    } else {
      entry.value = value;
      this.#setExpiry(entry, expiresAt);
    }
  }

  /** Drops a key; returns whether there was one. */
  delete(key: string): boolean {
    const entry = this.#entry(key);
    if (entry === undefined) return false;
    this.#setExpiry(entry, Infinity);
    return this.#entries.delete(key);
  }

  /** When a key expires, in milliseconds since 1970; `undefined` if it is not there. */
  expiryOf(key: string): number | undefined {
    return this.#entry(key)?.expiresAt;
  }

  /** Has a key expire, at once if that time has passed; says whether it was there. */
  expire(key: string, at: number): boolean {
    const entry = this.#entry(key);
    if (entry === undefined) return false;
    if (at <= Date.now()) return this.delete(key);
    this.#setExpiry(entry, at);
    return true;
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
    this.#expiring = 0;
    this.#sweeping = null;
  }

  /** All the keys. */
  *keys(): Generator<string, void, void> {
    const now = Date.now();
    for (const [key, { expiresAt }] of this.#entries) if (expiresAt > now) yield key;
  }

  /** Drops the expired keys among the next `count` keys. */
  sweep(count: number): void {
    if (this.#expiring === 0) return;
    for (let i = 0; i < count; i++) {
      this.#sweeping ??= this.#entries.entries();
      const { done, value } = this.#sweeping.next();
      if (done) {
        this.#sweeping = null;
        return;
      }
      this.#entry(value[0]);
    }
  }

  #entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt === Infinity || entry.expiresAt > Date.now()) {
      return entry;
    }
    this.#entries.delete(key);
    this.#expiring--;
    return undefined;
  }

  #setExpiry(entry: Entry, at: number): void {
    if ((entry.expiresAt === Infinity) !== (at === Infinity)) {
      this.#expiring += at === Infinity ? -1 : 1;
    }
    entry.expiresAt = at;
  }
}

/**
 * The key that a text is, one that no other text is: bytes that are no text begin with what no text
 * begins with.
 */
export function keyOf(text: Text): string {
  if (typeof text === "string") return text;
  return `\udc00${Array.from(text, (byte) => String.fromCharCode(byte)).join("")}`;
}

/** The text that a key is. */
export function textOf(key: string): Text {
  if (!key.startsWith("\udc00")) return key;
  return Uint8Array.from(key.slice(1), (character) => character.charCodeAt(0));
}

/** A text with memory of its own, to be kept for long. */
export function own<T extends Text>(text: T): T {
  if (typeof text !== "string" || text.length <= OWN_LENGTH || text.startsWith("\udc00")) {
    return text;
  }
  // The same text, so of the same type.
  return decoder.decode(encoder.encode(text)) as T;
}
