import type { Bytes } from "../../../protocols/contract.ts";
import { ReceiveBufferFullError } from "../../../protocols/errors.ts";
import { ReceiveBuffer } from "../../../protocols/receive_buffer.ts";
import type { ByteSource } from "../carrier.ts";

/** A source that is filled by events, which cannot wait: it keeps what comes, up to a limit. */
export class PushSource implements ByteSource {
  readonly #buffer = new ReceiveBuffer();
  readonly #limit: number;
  readonly #onTaken: (bytes: number) => void;
  #end: { readonly error: unknown } | "orderly" | null = null;
  #onChange: (() => void) | null = null;

  /**
   * Starts empty.
   *
   * @param limit How many bytes may wait.
   * @param onTaken Told of how many bytes were taken, each time.
   */
  constructor(limit: number, onTaken: (bytes: number) => void = () => {}) {
    this.#limit = limit;
    this.#onTaken = onTaken;
  }

  /** Whether it has come to its end: no more is added. */
  get isEnded(): boolean {
    return this.#end !== null;
  }

  /**
   * Adds a chunk, which belongs to the source from now on.
   *
   * @throws {ReceiveBufferFullError} If more would wait than may; nothing is added then.
   */
  push(chunk: Bytes): void {
    if (this.isEnded) return;
    const size = this.#buffer.length + chunk.length;
    if (size > this.#limit) throw new ReceiveBufferFullError(size, this.#limit);
    this.#buffer.append(chunk);
    this.#onChange?.();
  }

  /** Nothing more will come. What waits can still be taken. */
  end(): void {
    this.#end ??= "orderly";
    this.#onChange?.();
  }

  /** Nothing more will come, because of a failure, which is told after what waits. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#onChange?.();
  }

  /** Drops what waits and ends. */
  abandon(): void {
    this.#buffer.clear();
    this.end();
  }

  async next(target?: Uint8Array): Promise<IteratorResult<Bytes, void>> {
    while (this.#buffer.length === 0) {
      if (this.#end === "orderly") return { done: true, value: undefined };
      if (this.#end !== null) throw this.#end.error;
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
    const value = this.#buffer.takeChunk(target?.length);
    this.#onTaken(value.length);
    return { done: false, value };
  }
}
