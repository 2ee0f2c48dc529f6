/** A map that drops the entry that was set first when there are too many. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;

  /** Holds at most so many entries. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The value of an entry. */
  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets an entry, as the newest. Returns its value. */
  set(key: string, value: V): V {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.size > this.#max ? this.#entries.keys() : [];
    if (oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
}
