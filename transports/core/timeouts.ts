/**
 * Throws for a duration that cannot be meant.
 *
 * @throws {RangeError} If it is given and not above zero.
 */
export function checkTimeout(name: string, milliseconds: number | undefined): void {
  if (milliseconds !== undefined && !(milliseconds > 0)) {
    throw new RangeError(`Cannot set ${name}: ${milliseconds} is not a time above 0 ms`);
  }
}
