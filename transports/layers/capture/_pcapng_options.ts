import type { Bytes } from "../../../protocols/bytes.ts";

const encoder = new TextEncoder();

/**
 * An option of a pcapng block: code, length, value padded to 4 bytes.
 *
 * @param code Which one it is.
 * @param value Text, or a number of 64 bits.
 */
export function encodeOption(code: number, value: string | number): Bytes {
  const bytes = typeof value === "string" ? encoder.encode(value) : encodeNumber(value);
  const option = new Uint8Array(4 + padToWords(bytes.length));
  const view = new DataView(option.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, bytes.length, true);
  option.set(bytes, 4);
  return option;
}

/** The next multiple of 4. */
export function padToWords(length: number): number {
  return length + 3 & ~3;
}

function encodeNumber(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
