import { duration } from "../../protocols/option_checks.ts";

const check = duration();

/**
 * Throws for a duration that cannot be meant.
 *
 * @throws {TypeError} If it is given and not a number.
 * @throws {RangeError} If it is given and not above zero.
 */
export function checkTimeout(name: string, milliseconds: number | undefined): void {
  if (milliseconds !== undefined) check(milliseconds, { action: "set", name });
}
