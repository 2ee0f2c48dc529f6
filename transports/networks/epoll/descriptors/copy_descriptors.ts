import { E, F, type Libc } from "../libc/libc.ts";

/**
 * Copies of all descriptors, or of none; children do not inherit them.
 *
 * @param action What they are for, for the text of an error.
 * @throws {TypeError} If one of them is not open.
 * @throws {Deno.errors.Busy} If the process has too many open.
 */
export function copyDescriptors(
  libc: Libc,
  numbers: readonly number[],
  action: string,
): number[] {
  const copies: number[] = [];
  for (const number of numbers) {
    const copy = libc.fcntl(number, F.DUPFD_CLOEXEC, 0);
    if (copy >= 0) {
      copies.push(copy);
      continue;
    }
    const { errno } = libc;
    for (const one of copies) libc.close(one);
    // fcntl(2): EBADF and EMFILE are its only failures here.
    throw errno === E.BADF
      ? new TypeError(`Cannot ${action}: descriptor ${number} is not open`)
      : new Deno.errors.Busy(
        `Cannot ${action}: the process has too many descriptors open, raise "ulimit -n"`,
      );
  }
  return copies;
}
