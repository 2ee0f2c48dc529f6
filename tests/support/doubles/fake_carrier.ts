import type { Bytes } from "../../../protocols/bytes.ts";
import type { ByteSource, Carrier } from "../../../transports/core/carrier.ts";

/** One operation that a test settles. */
export interface PendingWrite {
  /** The bytes to write. */
  readonly bytes: Uint8Array;
  /** Takes that many of them; by default all. */
  take(n?: number): void;
  /** Fails. */
  fail(error: unknown): void;
}

/** A source that a test feeds. */
export class FakeSource implements ByteSource {
  /** The buffers that were lent, one for each read. */
  readonly targets: (Uint8Array | undefined)[] = [];
  #next: PromiseWithResolvers<IteratorResult<Bytes, unknown>> = Promise.withResolvers();
  #asked: PromiseWithResolvers<void> = Promise.withResolvers();

  next(target?: Uint8Array): Promise<IteratorResult<Bytes, unknown>> {
    this.targets.push(target);
    this.#asked.resolve();
    return this.#next.promise;
  }

  /** Resolves when a read is under way. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /**
   * Answers the read that is under way, or the next one, with bytes; into the lent buffer if there
   * is one.
   */
  async feed(...values: number[]): Promise<void> {
    await this.asked;
    const target = this.targets.at(-1);
    target?.set(values);
    const value = target === undefined
      ? Uint8Array.from(values)
      // Test buffers are over plain memory.
      : target.subarray(0, values.length) as Bytes;
    this.#settle().resolve({ done: false, value });
  }

  /** Ends. */
  async end(): Promise<void> {
    await this.asked;
    this.#settle().resolve({ done: true, value: undefined });
  }

  /** Fails. */
  async fail(error: unknown): Promise<void> {
    await this.asked;
    this.#settle().reject(error);
  }

  #settle(): PromiseWithResolvers<IteratorResult<Bytes, unknown>> {
    const current = this.#next;
    this.#next = Promise.withResolvers();
    this.#asked = Promise.withResolvers();
    return current;
  }
}

/** A carrier whose every operation a test settles, and which writes down what it is asked for. */
export class FakeCarrier implements Carrier {
  readonly source: FakeSource = new FakeSource();
  /** The calls so far: `write`, `closeWrite`, `close`. */
  readonly calls: string[] = [];
  readonly #written: number[] = [];
  #pending: PendingWrite | null = null;
  #began: PromiseWithResolvers<PendingWrite> = Promise.withResolvers();
  #ending: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Everything that was taken so far. */
  get written(): Uint8Array {
    return Uint8Array.from(this.#written);
  }

  /** Whether a write is under way. */
  get isWriting(): boolean {
    return this.#pending !== null;
  }

  /** The write that is under way, or the next one. */
  get pending(): Promise<PendingWrite> {
    return this.#began.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.calls.push("write");
    if (this.#pending !== null) throw new Error("Cannot write: a write is under way");
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const done = () => {
      this.#pending = null;
      this.#began = Promise.withResolvers();
    };
    this.#pending = {
      bytes,
      take: (n = bytes.length) => {
        this.#written.push(...bytes.subarray(0, n));
        done();
        resolve(n);
      },
      fail: (error) => {
        done();
        reject(error);
      },
    };
    this.#began.resolve(this.#pending);
    return promise;
  }

  closeWrite(): Promise<void> {
    this.calls.push("closeWrite");
    return this.#ending.promise;
  }

  /** Lets `closeWrite` succeed, or fail. */
  settleEnd(error?: Error): void {
    if (error === undefined) this.#ending.resolve();
    else this.#ending.reject(error);
  }

  close(): void {
    this.calls.push("close");
  }

  getExtraInfo(name: string): unknown {
    return name === "peername" ? { transport: "memory", name: "peer" } : undefined;
  }
}
