import type { Bytes } from "../../../protocols/contract.ts";
import type { ByteSource } from "../carrier.ts";

/** A source that chunks are put into by hand, one at a time: whoever puts one waits until it is taken. */
export class Handoff implements ByteSource {
  #chunk: Bytes | null = null;
  #isEnded = false;
  #onTaken: (() => void) | null = null;
  #onPut: (() => void) | null = null;

  /** Gives a chunk, at least one byte; resolves when it was taken, or nobody will take it. One at a time. */
  put(chunk: Bytes): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
    this.#chunk = chunk;
    this.#onPut?.();
    return new Promise((resolve) => this.#onTaken = resolve);
  }

  /** No more will come. */
  end(): void {
    this.#isEnded = true;
    this.#onPut?.();
    if (this.#chunk === null) this.#onTaken?.();
  }

  /** Drops what was put, and what still is. */
  abandon(): void {
    this.#chunk = null;
    this.end();
  }

  async next(): Promise<IteratorResult<Bytes, void>> {
    while (this.#chunk === null) {
      if (this.#isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#onPut = resolve);
    }
    const value = this.#chunk;
    this.#chunk = null;
    this.#onTaken?.();
    return { done: false, value };
  }
}
