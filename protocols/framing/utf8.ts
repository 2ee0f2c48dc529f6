/** Fast, but it replaces what is not UTF-8. */
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
/** Three times as slow: for what the other one found fault with. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const REPLACEMENT = "\ufffd";
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Decodes UTF-8, every character of it: a byte order mark as well.
 *
 * @throws {TypeError} If the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = lenient.decode(bytes);
  return text.includes(REPLACEMENT) ? strict.decode(bytes) : text;
}

/** Whether a string has more than `max` bytes in UTF-8; short ones are not looked through. */
export function isLongerInUtf8(text: string, max: number): boolean {
  if (text.length * 3 <= max) return false;
  return text.length > max || utf8Length(text) > max;
}

/**
 * At most this many bytes are decoded ahead: a short text that is kept pins no more than that, as a
 * kept chunk does.
 */
const WINDOW = 65_536;
/** A longer text is decoded by itself. */
const LONG_TEXT = 1024;

/**
 * Decodes short runs of a chunk, one after the other. As long as all is ASCII it decodes a stretch
 * of it at once and cuts the runs out of the text: a tenth of the cost.
 */
export class TextWindow {
  #chunk: Uint8Array<ArrayBuffer> | null = null;
  #start = 0;
  #end = 0;
  // The stretch from its start, as far as it is ASCII.
  #text = "";

  /**
   * The text of the `n` bytes at `offset` of a chunk.
   *
   * @throws {TypeError} If they are not UTF-8.
   */
  decode(chunk: Uint8Array<ArrayBuffer>, offset: number, n: number): string {
    if (!this.#covers(chunk, offset + n - 1) || offset < this.#start) {
      if (n > LONG_TEXT) return decodeUtf8(chunk.subarray(offset, offset + n));
      this.#load(chunk, offset);
    }
    const from = offset - this.#start;
    if (from + n <= this.#text.length) return this.#text.substring(from, from + n);
    return decodeUtf8(chunk.subarray(offset, offset + n));
  }

  /** The text from `offset` on, as far as it is known and ASCII. */
  asciiFrom(chunk: Uint8Array<ArrayBuffer>, offset: number): string {
    if (!this.#covers(chunk, offset)) this.#load(chunk, offset);
    return this.#text.substring(offset - this.#start);
  }

  /** Forgets the chunk. */
  clear(): void {
    this.#chunk = null;
    this.#text = "";
  }

  #covers(chunk: Uint8Array, offset: number): boolean {
    return chunk === this.#chunk && offset >= this.#start && offset < this.#end;
  }

  #load(chunk: Uint8Array<ArrayBuffer>, offset: number): void {
    const stretch = chunk.subarray(offset, offset + WINDOW);
    const text = lenient.decode(stretch);
    // Anything else takes more bytes than characters, or cannot be decoded.
    const isAscii = text.length === stretch.length && !text.includes(REPLACEMENT);
    this.#chunk = chunk;
    this.#start = offset;
    this.#end = offset + stretch.length;
    this.#text = isAscii ? text : text.substring(0, text.search(NOT_ASCII));
  }
}

/**
 * So many bytes are looked at one by one before the built-in search is worth its call: measured.
 */
const NEAR = 32;

/** `chunk.indexOf`, without the cost of calling it where the byte is near. */
export function indexOfByte(chunk: Uint8Array, byte: number, from: number): number {
  const near = Math.min(from + NEAR, chunk.length);
  for (let i = from; i < near; i++) {
    if (chunk[i] === byte) return i;
  }
  return near === chunk.length ? -1 : chunk.indexOf(byte, near);
}

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
