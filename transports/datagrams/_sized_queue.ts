/** From this many taken entries on the space in front is given back. */
const COMPACT_AT = 1024;

/** Something with bytes that waits. */
interface Sized {
  /** The bytes. */
  readonly data: Uint8Array;
}

/** Datagrams that wait, first in, first out, and how many bytes they are. */
export class SizedQueue<T extends Sized> {
  readonly #overhead: number;
  #entries: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  /** Each entry counts `overhead` bytes more than it has. */
  constructor(overhead: number) {
    this.#overhead = overhead;
  }

  /** How many entries wait. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** How many bytes they count. */
  get size(): number {
    return this.#size;
  }

  /** The size of one entry, in bytes. */
  sizeOf(entry: T): number {
    return entry.data.length + this.#overhead;
  }

  /** Adds an entry at the end. */
  push(entry: T): void {
    this.#entries.push(entry);
    this.#size += this.sizeOf(entry);
  }

  /** The first entries, at most so many, which stay. */
  first(count: number): T[] {
    const found = this.#entries.slice(this.#head, this.#head + count);
    return found.filter((entry) => entry !== undefined);
  }

  /** Takes the first entry. */
  shift(): T | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#entries[this.#head++] = undefined;
    this.#size -= this.sizeOf(entry);
    if (this.#head === this.#entries.length || this.#head >= COMPACT_AT) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
