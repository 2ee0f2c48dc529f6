import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import type { ByteSink, Carrier, PushSource } from "../../transports/core/carrier.ts";

/** Carries bytes between a transport and the test that plays the peer. */
export class RecordingCarrier implements Carrier, PushSource {
  /** Where the bytes of the peer go; `null` until the transport starts. */
  sink: ByteSink | null = null;
  readonly closeWrite?: () => Promise<void>;
  readonly #extraInfo: Readonly<Record<string, unknown>>;
  // How many bytes the peer still takes.
  #credit = Infinity;
  #taken = 0;
  #pending: { readonly size: number; readonly resolve: (taken: number) => void } | null = null;
  #isClosed = false;
  // The waits for the peer to take more, or for the end.
  readonly #moved = new WaitQueue();

  /** Carries without a limit at first. */
  constructor(halfClose: boolean, extraInfo: Readonly<Record<string, unknown>>) {
    if (halfClose) this.closeWrite = () => Promise.resolve();
    this.#extraInfo = extraInfo;
  }

  /** The bytes that the peer took. */
  get taken(): number {
    return this.#taken;
  }

  /** Has the peer take `bytes` more, and then none. */
  limit(bytes: number): void {
    this.#credit = bytes;
    if (this.#pending === null || this.#credit === 0) return;
    const { size, resolve } = this.#pending;
    this.#pending = null;
    resolve(this.#take(size));
  }

  /** Whether the peer takes no more than a number of bytes. */
  get isLimited(): boolean {
    return this.#credit !== Infinity;
  }

  /** Waits until `isDone`, which is looked at whenever the peer took something, or for the end. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.#isClosed) await this.#moved.wait();
  }

  get source(): PushSource {
    return this;
  }

  start(sink: ByteSink): void {
    this.sink = sink;
  }

  /** The test waits for each of its calls instead. */
  resume(): void {}

  write({ length }: Uint8Array): number | Promise<number> {
    if (this.#credit > 0) return this.#take(length);
    return new Promise((resolve) => this.#pending = { size: length, resolve });
  }

  close(): void {
    this.#isClosed = true;
    this.#pending?.resolve(0);
    this.#moved.release();
  }

  getExtraInfo(name: string): unknown {
    return this.#extraInfo[name];
  }

  #take(size: number): number {
    const taken = Math.min(size, this.#credit);
    this.#credit -= taken;
    this.#taken += taken;
    this.#moved.release();
    return taken;
  }
}
