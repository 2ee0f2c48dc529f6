import type { Bytes } from "../../protocols/contract.ts";
import type { ByteSource } from "../core/carrier.ts";

/**
 * What a TLS engine decrypted, until it is read. Whoever feeds the engine asks {@linkcode drained} before it feeds on, so that no
 * more waits here than one piece of ciphertext held.
 */
export class PlaintextSource implements ByteSource {
  readonly #chunks: Bytes[] = [];
  #end: { readonly error: Error | null } | null = null;
  #isDropping = false;
  #onPut: (() => void) | null = null;
  #onDrained: (() => void) | null = null;

  /** Adds a chunk. */
  put(chunk: Bytes): void {
    if (this.#isDropping || this.#end !== null) return;
    this.#chunks.push(chunk);
    this.#onPut?.();
  }

  /** Nothing more comes; with an error reading fails with it behind what waits. The first end counts. */
  end(error: Error | null = null): void {
    this.#end ??= { error };
    this.#onPut?.();
  }

  /** Drops what waits and what still comes. */
  drop(): void {
    this.#isDropping = true;
    this.#chunks.length = 0;
    this.#onDrained?.();
  }

  /** Nothing if all was taken; else a promise that resolves when it is. */
  drained(): void | Promise<void> {
    if (this.#chunks.length === 0) return;
    return new Promise((resolve) => this.#onDrained = resolve);
  }

  async next(): Promise<IteratorResult<Bytes, void>> {
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) {
        if (this.#chunks.length === 0) this.#onDrained?.();
        return { done: false, value };
      }
      if (this.#end?.error) throw this.#end.error;
      if (this.#end !== null) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#onPut = resolve);
    }
  }
}
