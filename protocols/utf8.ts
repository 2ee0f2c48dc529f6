import { utf8Length } from "./utf8_length.ts";

/** Fast, but it replaces what is not UTF-8. */
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
/** Three times as slow: for what the other one found fault with. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const REPLACEMENT = "\ufffd";

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

/** At most this many bytes are decoded ahead; so a short text that is kept pins no more. */
const WINDOW = 4096;

/**
 * Decodes short runs of a chunk, one after the other. As long as all is ASCII it decodes a stretch of it at once and cuts
 * the runs out of the text: a tenth of the cost.
 */
export class TextWindow {
  #memory: ArrayBuffer | null = null;
  #start = 0;
  #end = 0;
  // null: the stretch is not plain ASCII.
  #text: string | null = null;

  /**
   * The text of the `n` bytes at `offset` of a chunk.
   *
   * @throws {TypeError} If they are not UTF-8.
   */
  decode(chunk: Uint8Array<ArrayBuffer>, offset: number, n: number): string {
    const start = chunk.byteOffset + offset;
    if (!this.#covers(chunk, start, n)) {
      if (n > WINDOW / 4) return decodeUtf8(chunk.subarray(offset, offset + n));
      this.#load(chunk, offset);
    }
    if (this.#text === null) return decodeUtf8(chunk.subarray(offset, offset + n));
    return this.#text.slice(start - this.#start, start - this.#start + n);
  }

  /** Forgets the chunk. */
  clear(): void {
    this.#memory = null;
    this.#text = null;
  }

  #covers(chunk: Uint8Array, start: number, n: number): boolean {
    return chunk.buffer === this.#memory && start >= this.#start && start + n <= this.#end;
  }

  #load(chunk: Uint8Array<ArrayBuffer>, offset: number): void {
    const stretch = chunk.subarray(offset, offset + WINDOW);
    const text = lenient.decode(stretch);
    const isAscii = text.length === stretch.length && !text.includes(REPLACEMENT);
    this.#memory = chunk.buffer;
    this.#start = stretch.byteOffset;
    this.#end = this.#start + stretch.length;
    this.#text = isAscii ? text : null;
  }
}
