import type { Bytes } from "@sluice/net";

/** A value under a key. It is never changed, only replaced. */
export interface Item {
  /** The key; each character is one byte. */
  readonly key: string;
  /** A number of the client's. */
  readonly flags: number;
  /** The value. */
  readonly value: Bytes;
  /** The answer to `get` of this key alone; {@linkcode value} is a part of it. */
  readonly answer: Bytes;
  /** A number that is another one after each change. */
  readonly cas: number;
  /** When it was stored, in milliseconds since the epoch. */
  readonly storedAt: number;
  /** When it expires, likewise; `Infinity` for never. */
  expiresAt: number;
  /** When it was last moved to the end of the items that are given up first. */
  usedAt: number;
}

/** The end of the answer to `get`. */
export const END = "END\r\n";
const AFTER_VALUE = `\r\n${END}`;

/** The memory of an item without its key and value, in bytes, about. */
const ITEM_OVERHEAD = 100;
/** An item that is in use is moved to the end at most so often, in milliseconds. */
const MOVE_INTERVAL_MS = 60_000;
/** Up to this time, in seconds, a time to expire counts from now: 30 days. */
const MAX_RELATIVE_S = 2_592_000;

/** Items by their keys, of limited size: those that were not used for the longest time go first. */
export class Store {
  readonly #items = new Map<string, Item>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #bytes = 0;
  #lastCas = 0;
  #flushAt = Infinity;
  #evictions = 0;

  /**
   * Begins empty.
   *
   * @param maxBytes How much the items may take, about.
   * @param now The time, in milliseconds since the epoch.
   */
  constructor(maxBytes: number, now: () => number = Date.now) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** How many items there are, counting those that have expired and were not asked for since. */
  get size(): number {
    return this.#items.size;
  }

  /** How much they take, in bytes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many were given up to make room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** The item under a key, unless it has expired. */
  get(key: string): Item | undefined {
    const now = this.#now();
    if (now >= this.#flushAt) this.#flushNow();
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    if (item.expiresAt <= now) return void this.delete(key);
    if (now - item.usedAt > MOVE_INTERVAL_MS) this.#moveToEnd(item, now);
    return item;
  }

  /** Puts a value under a key; `seconds` as {@linkcode touch}. */
  set(key: string, flags: number, seconds: number, value: Uint8Array): void {
    this.#put(key, flags, this.#toTime(seconds), value);
  }

  /** Replaces the value of an item, which keeps the rest. */
  replace({ key, flags, expiresAt }: Item, value: Uint8Array): void {
    this.#put(key, flags, expiresAt, value);
  }

  /** Removes an item; tells whether there was one. */
  delete(key: string): boolean {
    const item = this.#items.get(key);
    if (item === undefined) return false;
    this.#bytes -= sizeOf(item);
    return this.#items.delete(key);
  }

  /**
   * Sets when an item expires: in so many seconds, at that time since the epoch if they are more
   * than 30 days, never for 0, at once for less.
   */
  touch(item: Item, seconds: number): void {
    item.expiresAt = this.#toTime(seconds);
  }

  /** Removes everything that was stored until a time: `seconds` as {@linkcode touch}, 0 for now. */
  flush(seconds: number): void {
    this.#flushAt = seconds > 0 ? this.#toTime(seconds) : this.#now();
    if (seconds <= 0) this.#flushNow();
  }

  #put(key: string, flags: number, expiresAt: number, value: Uint8Array): void {
    this.delete(key);
    const now = this.#now();
    const head = `VALUE ${key} ${flags} ${value.length}\r\n`;
    const answer = new Uint8Array(head.length + value.length + AFTER_VALUE.length);
    writeBinary(head, answer, 0);
    answer.set(value, head.length);
    writeBinary(AFTER_VALUE, answer, head.length + value.length);
    const item: Item = {
      key,
      flags,
      value: answer.subarray(head.length, head.length + value.length),
      answer,
      cas: ++this.#lastCas,
      storedAt: now,
      expiresAt,
      usedAt: now,
    };
    this.#items.set(key, item);
    this.#bytes += sizeOf(item);
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const key of this.#items.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(key);
      this.#evictions++;
    }
  }

  #moveToEnd(item: Item, now: number): void {
    item.usedAt = now;
    this.#items.delete(item.key);
    this.#items.set(item.key, item);
  }

  #flushNow(): void {
    for (const { key, storedAt } of this.#items.values()) {
      if (storedAt <= this.#flushAt) this.delete(key);
    }
    this.#flushAt = Infinity;
  }

  #toTime(seconds: number): number {
    if (seconds === 0) return Infinity;
    if (seconds < 0) return -Infinity;
    return seconds > MAX_RELATIVE_S ? seconds * 1000 : this.#now() + seconds * 1000;
  }
}

function sizeOf({ key, answer }: Item): number {
  return key.length + answer.length + ITEM_OVERHEAD;
}

/** Puts text into bytes; each character is one. */
function writeBinary(text: string, target: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
}
