/** A file became shorter while it was being sent. The bytes that were sent cannot be taken back. */
export class IncompleteSendError extends Error {
  /** How many bytes were sent. */
  readonly sent: number;
  /** How many bytes the range has. */
  readonly expected: number;

  /** Creates the error from the name of the file and both numbers of bytes. */
  constructor(name: string, sent: number, expected: number) {
    super(`Cannot send all of ${name}: it ended after ${sent} of ${expected} bytes`);
    this.name = "IncompleteSendError";
    this.sent = sent;
    this.expected = expected;
  }
}
