import { onAbort, type WaitSignal } from "./wait_signal.ts";

interface Waiting {
  readonly take: () => unknown;
  readonly signal: WaitSignal | undefined;
  resolve(taken: unknown): void;
  reject(reason: unknown): void;
  /** Leaves the signal. */
  leave?: () => void;
}

/**
 * The one wait for something that is taken as soon as it is there: in the call that offers it, so
 * that no other call comes between the offer and the taking.
 */
export class TakeWait {
  #waiting: Waiting | null = null;

  /** Whether there is no wait. */
  get isEmpty(): boolean {
    return this.#waiting === null;
  }

  /**
   * Waits until `take` gives something; it is asked at each {@linkcode offer}, and not before.
   *
   * @param take Takes what is waited for; `undefined` if it is not there. The wait ends with an
   * exception of it.
   * @param signal Ends the waiting when it aborts, with its reason. The next wait may begin
   * directly afterwards.
   * @returns What `take` gave.
   */
  wait<T>(take: () => T | undefined, signal?: WaitSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { take, signal, resolve: resolve as Waiting["resolve"], reject };
      this.#waiting = waiting;
      if (signal === undefined) return;
      // A listener that was called before may have ended it.
      const end = () => void (this.#waiting === waiting && this.fail(signal.reason));
      waiting.leave = onAbort(signal, end);
    });
  }

  /** Has it take, if it can. */
  offer(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    // The call of `take` may lead to another offer.
    this.#waiting = null;
    try {
      const taken = waiting.take();
      if (taken !== undefined) waiting.resolve(taken);
      else if (waiting.signal?.aborted) waiting.reject(waiting.signal.reason);
      else return void (this.#waiting = waiting);
    } catch (error) {
      waiting.reject(error);
    }
    waiting.leave?.();
  }

  /** Fails it. */
  fail(reason: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.leave?.();
    waiting?.reject(reason);
  }
}
