/**
 * Checks a `maxLength`.
 *
 * @param value The limit, in bytes.
 * @returns The limit.
 * @throws {RangeError} If it is neither a whole number of at least 1 nor `Infinity`.
 */
export function checkMaxLength(value: number): number {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new RangeError(
    `Cannot limit messages to ${value} bytes: not a whole number of at least 1, or Infinity`,
  );
}
