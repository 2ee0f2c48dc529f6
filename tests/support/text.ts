import type { Bytes } from "../../protocols/bytes.ts";

/** Text as UTF-8. */
export function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** UTF-8 as text. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Bytes in which every place can be told from its neighbours. */
export function pattern(length: number, first = 0): Bytes {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (first + index) * 167 % 251;
  return bytes;
}

/** All parts in one. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
