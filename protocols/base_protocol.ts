import type { BaseProtocolCallbacks, Transport } from "./contract.ts";

/**
 * What every stream protocol can hear, each answered by doing nothing. Extend {@linkcode Protocol}
 * or {@linkcode BufferedProtocol} instead, which have examples; this is what they share.
 *
 * The callbacks are those of asyncio's `BaseProtocol`. An exception thrown by one is reported once
 * to the connection's `onError` and ends the connection with that error.
 */
export abstract class BaseProtocol implements BaseProtocolCallbacks {
  /** Called once, before any other callback. Reading starts after it returns. */
  connectionMade(_transport: Transport): void {}

  /**
   * Called once, after every other callback, when the connection has ended.
   *
   * @param _error The failure that ended it, or `null` after an orderly end or a plain `abort()`.
   */
  connectionLost(_error: Error | null): void {}

  /**
   * The transport buffers more than its high mark: stop writing until {@linkcode resumeWriting}.
   */
  pauseWriting(): void {}

  /** The transport's buffer is down to its low mark: go on writing. Not called after loss. */
  resumeWriting(): void {}
}
