/** Numbers and bytes that only look random: the same seed gives the same ones. */
export class Random {
  #state: number;

  /** Starts the sequence of `seed`. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number, 0 or more and below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#next() / 2 ** 32 * bound);
  }

  /** One of several values. */
  pick<T>(first: T, ...others: readonly T[]): T {
    const index = this.below(others.length + 1);
    return others[index - 1] ?? first;
  }

  /** Bytes of any value. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const words = new Uint32Array(Math.ceil(length / 4));
    // In a variable meanwhile: these are megabytes.
    let state = this.#state;
    for (let i = 0; i < words.length; i++) words[i] = mix(state = next(state));
    this.#state = state;
    return new Uint8Array(words.buffer, 0, length);
  }

  /** Cuts `whole` into pieces of `smallest` to `largest` bytes; the last one may be smaller. */
  *split(
    whole: Uint8Array<ArrayBuffer>,
    smallest: number,
    largest: number,
  ): Generator<Uint8Array<ArrayBuffer>> {
    for (let start = 0; start < whole.length;) {
      const end = start + smallest + this.below(largest - smallest + 1);
      yield whole.subarray(start, end);
      start = end;
    }
  }

  #next(): number {
    this.#state = next(this.#state);
    return mix(this.#state);
  }
}

/** The next state: Marsaglia's Weyl sequence. */
function next(state: number): number {
  return (state + 0x9e3779b9) >>> 0;
}

/** The 32 bits of a state, mixed as in MurmurHash3's finaliser. */
function mix(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
