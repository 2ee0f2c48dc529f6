import type { Bytes } from "../../protocols/bytes.ts";

/**
 * The first four bytes of a frame, and those of a frame to be skipped without the last four bits.
 */
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** The length of the field for the dictionary, and that for the content size, by their flags. */
const DICTIONARY_LENGTHS = [0, 1, 2, 4];
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8];

/** A part of a frame: how many bytes it has, and the part that follows it. */
interface Part {
  readonly length: number;
  /** Called with the bytes of a part that is looked into, else with none. */
  next(bytes: readonly number[]): Part;
  /** Whether the part is looked into. */
  readonly isRead?: boolean;
  /** Whether it is the content of a block, which makes output. */
  readonly isContent?: boolean;
}

/**
 * Cuts the input of a zstd decompressor after each block.
 *
 * Deno's decompressor throws past all its listeners, and so ends the process, if it finds a fault
 * in a write after it has filled its output buffer in the same write. Only a block makes output, so
 * nothing may follow a block in its write.
 *
 * ```text
 * magic -> descriptor -> rest of the header -> (block header -> content)* -> checksum? -> magic
 *      \-> length -> content to be skipped -> magic
 * ```
 *
 * From bytes that are no frame on nothing is cut: the decompressor refuses them without any output.
 */
export class ZstdBlocks {
  #part: Part = MAGIC_PART;
  #left = MAGIC_PART.length;
  readonly #read: number[] = [];

  /** Cuts the next chunk of the input. */
  *cut(chunk: Bytes): Generator<Bytes> {
    let start = 0;
    for (let at = 0; at < chunk.length;) {
      const n = Math.min(this.#left, chunk.length - at);
      if (this.#part.isRead) this.#read.push(...chunk.subarray(at, at + n));
      at += n;
      this.#left -= n;
      if (this.#left > 0) break;
      const { isContent } = this.#part;
      this.#enter(this.#part.next(this.#read.splice(0)));
      if (!isContent) continue;
      yield chunk.subarray(start, at);
      start = at;
    }
    if (start < chunk.length) yield chunk.subarray(start);
  }

  #enter(part: Part): void {
    // A part of no bytes is over at once.
    let next = part;
    while (next.length === 0) next = next.next([]);
    this.#part = next;
    this.#left = next.length;
  }
}

const MAGIC_PART: Part = { length: 4, isRead: true, next: afterMagic };
const UNKNOWN: Part = { length: Infinity, next: () => UNKNOWN };

function afterMagic(bytes: readonly number[]): Part {
  const magic = littleEndian(bytes);
  if (magic === MAGIC) return { length: 1, isRead: true, next: afterDescriptor };
  if ((magic & ~0xf) >>> 0 !== SKIPPABLE_MAGIC) return UNKNOWN;
  const skip = (length: number): Part => ({ length, next: () => MAGIC_PART });
  return { length: 4, isRead: true, next: (size) => skip(littleEndian(size)) };
}

/** Section 3.1.1.1.1: which fields follow in the header, and whether a checksum ends the frame. */
function afterDescriptor([descriptor = 0]: readonly number[]): Part {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeLength = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_LENGTHS[sizeFlag] ?? 0;
  const windowLength = isSingleSegment ? 0 : 1;
  const length = windowLength + (DICTIONARY_LENGTHS[descriptor & 3] ?? 0) + sizeLength;
  const checksum: Part = { length: (descriptor & 4) === 0 ? 0 : 4, next: () => MAGIC_PART };
  return { length, next: () => blockHeader(checksum) };
}

/** Section 3.1.1.2: one bit for the last block, two for its type, the rest is its size. */
function blockHeader(checksum: Part): Part {
  return {
    length: 3,
    isRead: true,
    next(bytes): Part {
      const header = littleEndian(bytes);
      const [type, size] = [(header >> 1) & 3, header >>> 3];
      if (type === 3) return UNKNOWN;
      // A block of type 1 repeats one byte `size` times.
      return {
        length: type === 1 ? 1 : size,
        isContent: true,
        next: () => (header & 1) === 1 ? checksum : blockHeader(checksum),
      };
    },
  };
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
