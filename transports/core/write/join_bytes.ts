import type { Bytes } from "../../../protocols/contract.ts";

/** The parts behind each other, in one piece; not copied if there is only one. */
export function joinBytes(parts: readonly Bytes[]): Bytes {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
