/**
 * Finds a small part of a list that still fails: delta debugging. Large parts are left out first,
 * then smaller ones, until no single element can be left out.
 *
 * @param items A list that fails.
 * @param fails Whether a part of it fails as well, in the same order.
 */
export async function minimize<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  if (items.length === 0 || await fails([])) return [];
  let rest = items;
  for (let size = Math.ceil(rest.length / 2); size >= 1;) {
    const before = rest.length;
    for (let start = 0; start < rest.length;) {
      const part = rest.filter((_, index) => index < start || index >= start + size);
      if (part.length > 0 && await fails(part)) rest = part;
      else start += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (rest.length === before) break;
  }
  return rest;
}
