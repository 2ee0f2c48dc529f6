import { InvalidStateError } from "../../protocols/errors.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { onAbort, type WaitSignal } from "../../protocols/waits/wait_signal.ts";

/** A read that waits. */
interface Waiting {
  readonly take: () => unknown;
  readonly signal: WaitSignal | undefined;
  /** For one that rests: whether it is still wanted. If not, it is asked at once, and ends. */
  readonly isWanted: (() => boolean) | null;
  resolve(taken: unknown): void;
  reject(reason: unknown): void;
  /** Leaves the signal. */
  leave?: () => void;
}

/**
 * The one read that waits. It takes its bytes as soon as they are there: in the call that offers
 * them, so that no other call comes between the offer and the taking.
 *
 * ```text
 * none     wait -> waiting   rest -> resting
 * resting  the event loop has turned -> waiting
 * waiting  an offer is taken, the signal aborts, fail, interrupt -> none
 * ```
 */
export class ReadWait {
  #waiting: Waiting | null = null;
  // Until the event loop has turned.
  #isResting = false;
  // Why no read waits any more, though data may come.
  #interruption: { readonly reason: unknown } | null = null;

  /** Whether no read waits. */
  get isEmpty(): boolean {
    return this.#waiting === null;
  }

  /** Whether a read waits for bytes that have not come. */
  get isAsking(): boolean {
    return this.#waiting !== null && !this.#isResting;
  }

  /** Whether a read is to {@linkcode rest}: one that was aborted meanwhile has rested enough. */
  mustRest(): boolean {
    return turnBudget.spend() && !this.#isResting;
  }

  /**
   * Throws if a read must not begin.
   *
   * @throws {InvalidStateError} If another one is waiting.
   */
  check(signal: WaitSignal | undefined): void {
    if (this.#waiting !== null) {
      throw new InvalidStateError(
        "Cannot read: another read is already waiting for data; is an await missing?",
      );
    }
    signal?.throwIfAborted();
    if (this.#interruption !== null) throw this.#interruption.reason;
  }

  /**
   * Waits until `take` gives something; it is asked at each {@linkcode offer}, and not before.
   *
   * @param take Takes bytes; `undefined` if they are not there. The wait ends with an exception of
   * it.
   * @param signal Ends the waiting when it aborts, with its reason. The next wait may begin
   * directly afterwards.
   * @param isWanted Given for a read that rests.
   * @returns The value that `take` gave.
   */
  wait<T>(
    take: () => T | undefined,
    signal?: WaitSignal,
    isWanted: (() => boolean) | null = null,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<T>((resolve, reject) => {
      const resolveAny = resolve as Waiting["resolve"];
      const waiting: Waiting = { take, signal, isWanted, resolve: resolveAny, reject };
      this.#waiting = waiting;
      if (signal === undefined) return;
      // A listener that was called before may have ended it.
      const end = () => void (this.#waiting === waiting && this.fail(signal.reason));
      waiting.leave = onAbort(signal, end);
    });
  }

  /**
   * Waits likewise, but first lets the event loop turn: reads of buffered bytes could otherwise go
   * on for ever.
   *
   * @param isWanted Whether it is still to wait.
   * @param onRested Offers what is there.
   */
  rest<T>(
    take: () => T | undefined,
    signal: WaitSignal | undefined,
    isWanted: () => boolean,
    onRested: () => void,
  ): Promise<T> {
    this.#isResting = true;
    void turnBudget.untilRenewed().then(() => {
      this.#isResting = false;
      onRested();
    });
    return this.wait(take, signal, isWanted);
  }

  /** Has the read take, if it can. */
  offer(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    // The call of `take` may lead to another offer.
    this.#waiting = null;
    try {
      const rests = this.#isResting && waiting.isWanted?.() === true;
      const taken = rests ? undefined : waiting.take();
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

  /** Fails it, and each one that begins later. */
  interrupt(reason: unknown): void {
    this.#interruption = { reason };
    this.fail(reason);
  }
}
