import { ConnectionLostError } from "../errors.ts";
import { WaitQueue } from "./wait_queue.ts";

/**
 * Whether a protocol may write, and the waits until it may. The protocol passes on what its
 * transport tells it.
 */
export class WriteRoom {
  // Made when there is one: most writers never wait.
  #waits: WaitQueue | null = null;
  #isPaused = false;
  // Why nothing can be sent any more, though the connection is not lost yet.
  #failure: Error | null = null;
  // How the connection was lost; null while it is not.
  #lost: { readonly error: Error | null } | null = null;

  /** The waits for room. */
  get waits(): WaitQueue {
    return this.#waits ??= new WaitQueue();
  }

  /** Whether there is room now. */
  get isOpen(): boolean {
    return !this.#isPaused && this.#failure === null && this.#lost === null;
  }

  /** Whether the transport has paused writing. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether the connection is lost. */
  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** Why nothing can be sent any more, while the connection is not lost; else `null`. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Why there will be no room any more; `null` while there may be. */
  get error(): Error | null {
    return this.#lost === null ? this.#failure : this.#lost.error ?? new ConnectionLostError();
  }

  /** As `pauseWriting` of the protocol: waits begin. */
  pause(): void {
    this.#isPaused = true;
  }

  /** As `resumeWriting`: the waits end. */
  resume(): void {
    this.#isPaused = false;
    this.#waits?.release();
  }

  /** As `writingFailed`: the waits fail, and later ones. */
  fail(error: Error): void {
    this.#failure = error;
    this.#waits?.fail(error);
  }

  /** As `connectionLost`: later waits fail; those under way are for the caller to end. */
  lose(error: Error | null): void {
    this.#lost = { error };
  }
}
