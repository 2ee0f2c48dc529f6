// Stand-in for jsr:@std/assert, used only where JSR cannot be reached.

/** The error of an assertion that does not hold. */
export class AssertionError extends Error {
  /**
   * Makes the error.
   *
   * @param message What was expected and what was found
   * @param options The cause, if there is one
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
