/** Bytes written as hexadecimal digits, with blanks anywhere. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits.replace(/\s/g, ""));
}

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
