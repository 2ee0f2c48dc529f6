import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";

/**
 * How the data of a reader ends, and the moment from which nothing more arrives.
 *
 * ```text
 * open       end -> ended   discard -> discarded   detach -> detached
 * ended      reads give the end of the data
 * discarded  reads give the end of the data; bytes that still arrive are dropped
 * detached   reads fail: another reader has the connection
 * ```
 *
 * Apart from that, reads that want more than is buffered may fail with an error.
 */
export class DataEnd {
  #state: "open" | "ended" | "discarded" | "detached" = "open";
  #error: Error | null = null;
  // Whether a read has seen the end, and a callback for the case that none does.
  #isMet = false;
  #onUnmet: (() => void) | null = null;
  #reached: PromiseWithResolvers<void> | null = null;
  #signal: AbortSignal | null = null;

  /** Whether reads give the end of the data. */
  get hasCome(): boolean {
    return this.#state === "ended" || this.#state === "discarded";
  }

  /** Whether data that still comes is dropped. */
  get isDiscarding(): boolean {
    return this.#state === "discarded";
  }

  /** Whether another reader has the connection. */
  get isDetached(): boolean {
    return this.#state === "detached";
  }

  /** The error of reads that want more than is buffered, unless the end has come; else `null`. */
  get error(): Error | null {
    return this.#error;
  }

  /** The data has ended. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#reached?.resolve();
  }

  /** Reads fail. */
  fail(error: Error): void {
    this.#error = error;
    this.#reached?.resolve();
  }

  /** Nothing more is wanted. */
  discard(): void {
    this.#state = "discarded";
    this.#reached?.resolve();
  }

  /** Another reader has the connection. */
  detach(): void {
    // If the end was reached, it stays so for those who ask for it.
    void this.reached;
    this.#state = "detached";
    this.#error = new InvalidStateError("Cannot read: the connection was handed over");
  }

  /** Resolves when nothing more arrives. */
  get reached(): Promise<void> {
    this.#reached ??= Promise.withResolvers();
    if (this.#isReached) this.#reached.resolve();
    return this.#reached.promise;
  }

  /** Aborts then. */
  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    const controller = new AbortController();
    const abort = () => controller.abort(new ConnectionLostError("The peer has ended its data"));
    if (this.#isReached) abort();
    else void this.reached.then(abort);
    return this.#signal = controller.signal;
  }

  /** Notes that a read has seen the end. */
  meet(): void {
    this.#isMet = true;
  }

  /** Has `callback` called by {@linkcode tellUnmet}. */
  set onUnmet(callback: () => void) {
    this.#onUnmet = callback;
  }

  /** Whether there is a callback for an end that no read has seen. */
  get isWatched(): boolean {
    return this.#onUnmet !== null && !this.#isMet;
  }

  /** Calls back, if no read has seen the end. */
  tellUnmet(): void {
    if (!this.#isMet) this.#onUnmet?.();
  }

  get #isReached(): boolean {
    return this.hasCome || this.#state === "open" && this.#error !== null;
  }
}
