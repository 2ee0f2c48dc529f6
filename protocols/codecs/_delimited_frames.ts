import { FrameTooLongError } from "../errors.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";
import { type SeparatorMatch, SeparatorSearch } from "../framing/separator_search.ts";

/**
 * Finds frames that end with a delimiter, as long as they are no longer than a limit. One that is
 * longer is reported once, as soon as that is certain, and passed over up to its delimiter without
 * being kept.
 */
export class DelimitedFrames {
  readonly #search: SeparatorSearch;
  readonly #maxLength: number;
  #isSkipping = false;

  /**
   * Takes the delimiters and the limit, in bytes without the delimiter.
   *
   * @throws {RangeError} If there is no delimiter, or one is empty.
   */
  constructor(delimiters: readonly Uint8Array[], maxLength: number) {
    this.#search = new SeparatorSearch(delimiters);
    this.#maxLength = maxLength;
  }

  /**
   * Finds the end of the first frame.
   *
   * @returns Where its delimiter is, or `null` if more is needed.
   * @throws {FrameTooLongError} If it is too long; recoverable.
   */
  find(buffer: ReceiveBuffer): SeparatorMatch | null {
    if (this.#isSkipping && !this.#isPassed(buffer)) return null;
    const match = this.#search.find(buffer);
    if (match === null) {
      // A delimiter may have begun in the last bytes.
      const certain = buffer.length - this.#search.longest + 1;
      if (certain > this.#maxLength) this.#refuse(buffer, certain);
    } else if (match.start > this.#maxLength) this.#refuse(buffer, match.start);
    return match;
  }

  /**
   * Makes sure that what is left at the end of the data may be a frame.
   *
   * @param ignored How many bytes of it do not count.
   * @returns How many bytes it has; the rest of a frame that was reported is dropped.
   * @throws {FrameTooLongError} If it is too long; it is dropped.
   */
  checkRest(buffer: ReceiveBuffer, ignored: number = 0): number {
    const length = buffer.length - ignored;
    const isTooLong = !this.#isSkipping && length > this.#maxLength;
    if (this.#isSkipping || isTooLong) buffer.clear();
    if (isTooLong) throw new FrameTooLongError(length, this.#maxLength, true);
    return buffer.length;
  }

  #refuse(buffer: ReceiveBuffer, length: number): never {
    this.#isSkipping = true;
    this.#isPassed(buffer);
    throw new FrameTooLongError(length, this.#maxLength, true);
  }

  /** Drops what has arrived of the frame that was refused; says whether that was all of it. */
  #isPassed(buffer: ReceiveBuffer): boolean {
    const match = this.#search.find(buffer);
    this.#isSkipping = match === null;
    buffer.skip(match?.end ?? Math.max(0, buffer.length - this.#search.longest + 1));
    return match !== null;
  }
}
