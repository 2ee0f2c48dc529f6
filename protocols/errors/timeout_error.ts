/** Something took too long: the base of all errors that say so. */
export class TimeoutError extends Error {
  /** The time limit that was exceeded, in milliseconds. */
  readonly timeoutMs: number;

  /** Says what was not done, and takes the time that was allowed. */
  constructor(message: string, timeoutMs: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "TimeoutError";
    this.timeoutMs = timeoutMs;
  }
}
