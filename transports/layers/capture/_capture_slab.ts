import type { Bytes } from "../../../protocols/bytes.ts";

/**
 * Memory that packets are written into, seen as bytes, as numbers of any kind, and as words for
 * their sums.
 */
export class CaptureSlab {
  /** The memory. */
  readonly bytes: Bytes;
  /** The same for numbers of a given byte order. */
  readonly view: DataView<ArrayBuffer>;
  // The same as pairs of 16-bit words of this machine's byte order.
  readonly #words: Int32Array<ArrayBuffer>;

  /** Memory of a multiple of 4 bytes. */
  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#words = new Int32Array(buffer);
  }

  /**
   * Adds up at most 64 KiB of memory as 16-bit words, up to the next multiple of 4 bytes; the sum's
   * bytes come out in the order they went in (RFC 1071).
   */
  sum(offset: number, length: number): number {
    const words = this.#words;
    const end = offset + length + 3 >> 2;
    let lower = 0;
    let upper = 0;
    for (let i = offset >> 2; i < end; i++) {
      const pair = words[i] ?? 0;
      lower += pair & 65_535;
      upper += pair >>> 16;
    }
    return lower + upper;
  }
}
