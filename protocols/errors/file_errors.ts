/** A file became shorter while it was being sent. The bytes that were sent cannot be taken back. */
export class IncompleteSendError extends Error {
  /** How many bytes were sent. */
  readonly sent: number;
  /** How many were to be sent. */
  readonly expected: number;

  /** Takes the name of the file, and both numbers. */
  constructor(name: string, sent: number, expected: number) {
    super(`Cannot send all of ${name}: it ended after ${sent} of ${expected} bytes`);
    this.name = "IncompleteSendError";
    this.sent = sent;
    this.expected = expected;
  }
}
