/**
 * How many bytes a string takes in UTF-8, without encoding it: what a codec writes in front of a
 * text.
 *
 * @example A length in front
 * ```ts
 * import { utf8Length } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const text = "naïve";
 * assertEquals(`${utf8Length(text)}:${text},`, "6:naïve,");
 * ```
 *
 * @param text The string. A lone surrogate is sent as U+FFFD, in three bytes.
 * @returns The number of bytes.
 */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length++;
    else {
      length += 2;
      if (isPair(unit, text.charCodeAt(i + 1))) i++;
    }
  }
  return length;
}

/** Whether two units are one character, of four bytes. */
function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}
