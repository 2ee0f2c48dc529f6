import { checkBytes, copyOf } from "../../protocols/bytes.ts";

const encoder = new TextEncoder();

/** A separator as bytes that do not change any more. */
export function toSeparator(part: Uint8Array | string): Uint8Array {
  if (typeof part === "string") return encoder.encode(part);
  checkBytes(part, "search for");
  return copyOf(part);
}

/** Whether two lists hold the same bytes. */
export function areSame(parts: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return parts.length === others.length && parts.every((part, i) => {
    const other = others[i];
    return part.length === other?.length && part.every((byte, j) => byte === other[j]);
  });
}
