/** Bytes written as hexadecimal digits, with blanks anywhere. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits.replace(/\s/g, ""));
}
