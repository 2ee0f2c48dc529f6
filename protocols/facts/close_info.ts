/** How a connection ended: what `Transport.closed` resolves to. */
export interface CloseInfo {
  /**
   * The end that ended it: `"local"` by `close()` here, `"peer"` by the end of the peer's data,
   * `"abort"` by `abort()` here without a reason, `"error"` by a failure, which
   * {@linkcode CloseInfo.error} holds.
   */
  readonly endedBy: "local" | "peer" | "abort" | "error";
  /**
   * The argument of `connectionLost`: the failure, or `null` after a clean close or a plain abort.
   */
  readonly error: Error | null;
  /** Bytes received and handed to a protocol. */
  readonly bytesRead: number;
  /** Bytes that the layer below took over. */
  readonly bytesWritten: number;
  /** Bytes that were accepted by `write` and never sent. */
  readonly bytesUnsent: number;
  /** Milliseconds from `connectionMade` to `connectionLost`. */
  readonly durationMs: number;
}
