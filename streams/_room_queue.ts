import type { WaitSignal } from "../protocols/wait_signal.ts";

interface Waiting {
  go(): void;
  fail(reason: unknown): void;
}

/** Those who want to send, let through in their order while there is room. */
export class RoomQueue {
  #waiting: Waiting[] = [];
  #hasRoom = true;

  /** Whether there is room without waiting. */
  get isOpen(): boolean {
    return this.#hasRoom && this.#waiting.length === 0;
  }

  /** There is no room. */
  close(): void {
    this.#hasRoom = false;
  }

  /** There is room: those who wait go on, until there is none. */
  open(): void {
    this.#hasRoom = true;
    while (this.#hasRoom) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.go();
    }
  }

  /**
   * Calls `send` when there is room; rejects with what it throws, or when the signal aborts before.
   */
  run(send: () => void, signal?: WaitSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = {
      go: () => {
        signal?.removeEventListener("abort", abort);
        try {
          send();
          resolve();
        } catch (error) {
          reject(error);
        }
      },
      fail: reject,
    };
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.fail(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiting.push(waiting);
    return promise;
  }
}
