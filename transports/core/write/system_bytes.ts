/**
 * Bytes that the system has and sends without giving them to JavaScript: a part of a file, what is
 * in a pipe. In the queue of a connection they are as written ones: in order, counted, waited for.
 */
export interface SystemBytes {
  /**
   * Sends the first of the bytes that are left.
   *
   * @param most How many bytes are left.
   * @returns How many were sent, now or by a promise; 0 if there are no more, after all.
   */
  send(most: number): number | Promise<number>;
  /**
   * All are sent, or the rest is dropped. Called once; a send that waits for room may still come to
   * it later in the same turn, and sends nothing more.
   */
  end(): void;
}
