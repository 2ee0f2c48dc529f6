import { copyOf } from "../bytes.ts";
import { InvalidStateError } from "../errors.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** Where a separator is in a buffer, as offsets from its first byte. */
export interface SeparatorMatch {
  /** The offset of the separator's first byte. */
  readonly start: number;
  /** The offset after its last byte. */
  readonly end: number;
}

/** The state of the search for one separator, in absolute positions of the stream. */
interface Known {
  readonly bytes: Uint8Array;
  /**
   * Those of the others that end in this one, the longest first: where they end, so does this one.
   */
  readonly longer: readonly Uint8Array[];
  /** Where it was found last; -1 if it was not. */
  found: number;
  /** No match starts before this position that was not reported. */
  searched: number;
}

/**
 * Finds the earliest of some separators in a {@linkcode ReceiveBuffer}, and remembers how far it
 * has looked: no byte is searched twice for the same separator, however the bytes arrive.
 * One search belongs to one buffer.
 *
 * @example Two line ends
 * ```ts
 * import { ReceiveBuffer, SeparatorSearch } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const encode = (text: string) => new TextEncoder().encode(text);
 * const search = new SeparatorSearch([encode("\r\n"), encode("\n")]);
 * const buffer = new ReceiveBuffer();
 * buffer.append(encode("ab\r"));
 * assertEquals(search.find(buffer), null);
 * buffer.append(encode("\nc"));
 * assertEquals(search.find(buffer), { start: 2, end: 4 });
 * ```
 */
export class SeparatorSearch {
  readonly #known: readonly Known[];
  /** The length of the longest separator, in bytes. */
  readonly longest: number;
  #buffer: ReceiveBuffer | null = null;

  /**
   * Creates a search for the separators; their bytes are copied.
   *
   * @throws {RangeError} If there is none, or one is empty.
   */
  constructor(separators: readonly Uint8Array[]) {
    if (separators.length === 0) throw new RangeError("Cannot search without a separator");
    if (separators.some((bytes) => bytes.length === 0)) {
      throw new RangeError("Cannot search for an empty separator");
    }
    const distinct = [...new Map(separators.map((bytes) => [bytes.join(), copyOf(bytes)])).values()]
      .sort((a, b) => b.length - a.length);
    this.#known = distinct
      .filter((bytes) => !distinct.some((other) => other !== bytes && endsIn(bytes, other)))
      .map((bytes) => ({
        bytes,
        longer: distinct.filter((other) => other !== bytes && endsIn(other, bytes)),
        found: -1,
        searched: 0,
      }));
    this.longest = Math.max(...separators.map((bytes) => bytes.length));
  }

  /**
   * Finds the separator that ends first; of several that end together, the longest.
   *
   * @param buffer What to search: the same buffer each time.
   * @returns Where it is, or `null` if the buffer has no whole separator.
   * @throws {InvalidStateError} If it is another buffer than before.
   */
  find(buffer: ReceiveBuffer): SeparatorMatch | null {
    if (this.#buffer !== buffer) this.#bind(buffer);
    let first: Known | null = null;
    let end = Infinity;
    for (const known of this.#known) {
      const offset = this.#locate(known, buffer);
      // No two of them end together: one would end in the other.
      if (offset === -1 || offset + known.bytes.length > end) continue;
      first = known;
      end = offset + known.bytes.length;
    }
    return first === null ? null : { start: end - lengthAt(buffer, first, end), end };
  }

  /** The positions of one buffer are wrong for any other. */
  #bind(buffer: ReceiveBuffer): void {
    if (this.#buffer !== null) {
      throw new InvalidStateError(
        "Cannot search for separators: this search, or its codec, belongs to another connection",
      );
    }
    this.#buffer = buffer;
  }

  /**
   * The offset of a separator's next match; what was once found or searched in vain is not searched
   * again.
   */
  #locate(known: Known, buffer: ReceiveBuffer): number {
    if (known.found >= buffer.position) return known.found - buffer.position;
    const offset = buffer.indexOf(known.bytes, Math.max(0, known.searched - buffer.position));
    known.found = offset === -1 ? -1 : buffer.position + offset;
    const searched = offset === -1 ? buffer.length - known.bytes.length + 1 : offset;
    known.searched = Math.max(known.searched, buffer.position + searched);
    return offset;
  }
}

function endsIn(bytes: Uint8Array, end: Uint8Array): boolean {
  const offset = bytes.length - end.length;
  return offset >= 0 && end.every((byte, i) => bytes[offset + i] === byte);
}

/** The length of a separator that was found, or of the longest one that ends in it there. */
function lengthAt(buffer: ReceiveBuffer, { bytes, longer }: Known, end: number): number {
  for (const other of longer) {
    if (standsAt(buffer, other, end - other.length)) return other.length;
  }
  return bytes.length;
}

function standsAt(buffer: ReceiveBuffer, bytes: Uint8Array, offset: number): boolean {
  if (offset < 0) return false;
  for (let i = 0; i < bytes.length; i++) {
    if (buffer.byteAt(offset + i) !== bytes[i]) return false;
  }
  return true;
}
