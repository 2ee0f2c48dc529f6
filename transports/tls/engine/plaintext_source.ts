import type { Bytes } from "../../../protocols/contract.ts";
import type { ByteSource } from "../../core/carrier.ts";
import { joinBytes } from "../../../protocols/bytes.ts";

/** Chunks up to this size that wait together are joined into one, in bytes: delivering costs more than copying. */
const SMALL = 4096;

/**
 * What a TLS engine has decrypted, until it is read. The engine's feeder awaits
 * {@linkcode drained} before it feeds on, so that no more waits here than one read of ciphertext held.
 */
export class PlaintextSource implements ByteSource {
  readonly #chunks: Bytes[] = [];
  #end: { readonly error: Error | null } | null = null;
  #isDropping = false;
  #onPut: (() => void) | null = null;
  #onDrained: (() => void) | null = null;

  /** Whether {@linkcode end} was called. */
  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Adds a chunk. */
  put(chunk: Bytes): void {
    if (this.#isDropping || this.#end !== null) return;
    this.#chunks.push(chunk);
    this.#onPut?.();
  }

  /** Nothing more comes. With an error, reading fails with it after the chunks that wait. The first end counts. */
  end(error: Error | null = null): void {
    this.#end ??= { error };
    this.#onPut?.();
  }

  /** Drops the chunks that wait and those that still come. */
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
      const value = this.#take();
      if (value !== undefined) {
        if (this.#chunks.length === 0) this.#onDrained?.();
        return { done: false, value };
      }
      if (this.#end?.error) throw this.#end.error;
      if (this.#end !== null) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#onPut = resolve);
    }
  }

  /** The first chunk, joined with those after it as long as they are small. */
  #take(): Bytes | undefined {
    const count = this.#chunks.findIndex((chunk) => chunk.length > SMALL);
    const small = this.#chunks.splice(0, count === -1 ? this.#chunks.length : Math.max(count, 1));
    return small.length > 1 ? joinBytes(small) : small[0];
  }
}
