import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";

/** A wait until so many bytes are sent. */
interface Goal {
  sent: number;
  readonly waiting: WaitQueue;
}

/**
 * Those who are told when bytes are sent: each time, or once so many were. All numbers of bytes
 * count from the beginning.
 */
export class SentListeners {
  #watchers: readonly { readonly callback: () => void }[] = [];
  // In the order of the bytes.
  readonly #goals: Goal[] = [];

  /** Whether a wait has not ended. */
  get hasWaits(): boolean {
    return this.#goals.length > 0;
  }

  /** Calls back whenever something is sent; the function that it returns ends that. */
  watch(callback: () => void): () => void {
    const watcher = { callback };
    this.#watchers = [...this.#watchers, watcher];
    return () => void (this.#watchers = this.#watchers.filter((one) => one !== watcher));
  }

  /** Where to wait until `sent` bytes were sent: no fewer than the last time. */
  waitsFor(sent: number): WaitQueue {
    let goal = this.#goals.at(-1);
    if (goal?.sent !== sent) this.#goals.push(goal = { sent, waiting: new WaitQueue() });
    return goal.waiting;
  }

  /**
   * Bytes were sent: `sent` up to now.
   *
   * @param missing How many of those that are waited for do not exist after all.
   */
  tell(sent: number, missing: number): void {
    if (missing > 0) { for (const goal of this.#goals) goal.sent -= missing; }
    for (const { callback } of this.#watchers) callback();
    this.endWaits(sent);
  }

  /** Ends the waits for so many bytes; all of them if nothing more is sent. */
  endWaits(sent: number = Infinity): void {
    while (this.#goals[0] !== undefined && this.#goals[0].sent <= sent) {
      this.#goals.shift()?.waiting.release();
    }
  }
}
