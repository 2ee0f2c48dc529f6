/** The first and the last elements of a list of any length: those between are only counted. */
export class EndsOfList<T> {
  readonly #most: { readonly first: number; readonly last: number };
  readonly #first: T[] = [];
  #last: T[] = [];
  #dropped = 0;
  #firstDropped: T | null = null;

  /** Keeps so many elements at each end. */
  constructor(first: number, last: number) {
    this.#most = { first, last };
  }

  /** Adds an element at the end. */
  push(element: T): void {
    if (this.#first.length < this.#most.first) return void this.#first.push(element);
    this.#last.push(element);
    // Now and then, so that a long list costs no more than a short one.
    if (this.#last.length >= 2 * this.#most.last) this.#drop();
  }

  /** The first elements, those at the end, and the first of those between with their number. */
  ends(): { first: readonly T[]; last: readonly T[]; gap: { first: T; count: number } | null } {
    this.#drop();
    const between = this.#firstDropped;
    const gap = between === null ? null : { first: between, count: this.#dropped };
    return { first: this.#first, last: this.#last, gap };
  }

  #drop(): void {
    const count = this.#last.length - this.#most.last;
    if (count <= 0) return;
    const [dropped] = this.#last;
    this.#firstDropped ??= dropped ?? null;
    this.#dropped += count;
    this.#last = this.#last.filter((_, index) => index >= count);
  }
}
