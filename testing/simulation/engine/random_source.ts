import { Random } from "../../conformance/random.ts";

/** 2^32: how many values one draw has. */
const RANGE = 2 ** 32;

/**
 * A generator that others are made of by name. Each direction of a connection and each host has its
 * own, so what one of them draws does not shift what the others do.
 */
export class RandomSource extends Random {
  readonly #seed: number;

  /** Starts the sequence of `seed`. */
  constructor(seed: number) {
    super(seed);
    this.#seed = seed >>> 0;
  }

  /** Another generator: the same name gives the same one, however much this one has drawn. */
  fork(name: string): RandomSource {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
      hash ^= hash >>> 15;
    }
    return new RandomSource(Math.imul(hash, 0x9e3779b1));
  }

  /** A number from 0 to below 1, as of `Math.random()`. */
  readonly fraction = (): number => this.below(RANGE) / RANGE;

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True with a probability. No draw is made for 0. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** Fills a view with random bytes. */
  fill(view: ArrayBufferView): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    bytes.set(this.bytes(bytes.length));
  }
}
