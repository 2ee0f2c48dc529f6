import type { CloseInfo } from "../../../protocols/facts/close_info.ts";

/** How a connection ends, and the counts that are told then. */
export class Outcome {
  /** The bytes that were received. */
  received = 0;
  /** How the connection has ended, once that is decided. */
  info: CloseInfo | null = null;
  // When the connection began, in milliseconds.
  #startedAt = 0;
  // Made when it is asked for, or when it resolves.
  #closed: PromiseWithResolvers<CloseInfo> | null = null;

  /** Counts the time of the connection from now on: what went before was a handshake. */
  restartClock(): void {
    this.#startedAt = performance.now();
  }

  /** Decides how the connection has ended. */
  decide(
    endedBy: CloseInfo["endedBy"],
    error: Error | null,
    bytesWritten: number,
    bytesUnsent: number,
  ): void {
    const durationMs = performance.now() - this.#startedAt;
    this.info = { endedBy, error, bytesRead: this.received, bytesWritten, bytesUnsent, durationMs };
  }

  /** Resolves `closed`, with the outcome that was decided. */
  settle(): void {
    if (this.info !== null) this.#closing.resolve(this.info);
  }

  /** See `Transport.closed`. */
  get closed(): Promise<CloseInfo> {
    return this.#closing.promise;
  }

  get #closing(): PromiseWithResolvers<CloseInfo> {
    return this.#closed ??= Promise.withResolvers();
  }
}
