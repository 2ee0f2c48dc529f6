/** The traffic of one direction. */
export interface DirectionCounters {
  /** The number of bytes. */
  readonly bytes: number;
  /** In how many chunks: calls of `dataReceived` or `write`. */
  readonly chunks: number;
  /** When the first chunk went, as of `performance.now()`; `null` before. */
  readonly firstAt: number | null;
  /** When the last chunk went, as of `performance.now()`; `null` before. */
  readonly lastAt: number | null;
}

/** The traffic of a connection, or of several, until now. */
export interface TrafficCounters {
  /** The received traffic. */
  readonly received: DirectionCounters;
  /** The written traffic. */
  readonly sent: DirectionCounters;
}
