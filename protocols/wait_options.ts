/** Options for a wait. */
export interface WaitOptions {
  /**
   * Ends the waiting when it aborts, with its reason. No byte is lost by that, and nothing that was
   * sent is taken back.
   */
  readonly signal?: AbortSignal;
}
