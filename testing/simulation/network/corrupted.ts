import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { RandomSource } from "../engine/random_source.ts";

/** A copy with one wrong bit. */
export function corrupted(bytes: Uint8Array, random: RandomSource): Bytes {
  const copy = copyOf(bytes);
  if (copy.length === 0) return copy;
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}
