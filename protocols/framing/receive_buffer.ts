/**
 * How the buffer works. It is a linked list of the chunks as they came; `#offset` says where the
 * first byte is in the first of them. Consuming moves that, and drops the chunks that are consumed.
 *
 * - Nothing is copied when a chunk comes, except small ones: they are gathered in a block that
 *   doubles, so that a stream of single bytes does not become a list of objects.
 * - What goes out is owned by its taker. A chunk that is taken whole goes out as it is, if its
 *   buffer holds nothing else; everything else is copied, once.
 * - Offsets that users see count from the first byte held. Inside, positions count from the first
 *   byte ever, so that they stay true while bytes are consumed. The cursor remembers the chunk of
 *   the last look-up: walking through the bytes of many chunks costs one step each.
 * - Text is decoded a window at a time (see {@linkcode TextWindow}).
 * - No chunk that is held is empty. If one is, its owner has transferred its memory away: every
 *   method that needs its bytes throws.
 *
 * @module
 */
import { type Bytes, checkBytes, copyOf, isOrdinary, ownedBytes } from "../bytes.ts";
import { decodeUtf8, indexOfByte, TextWindow } from "./utf8.ts";

/**
 * Chunks below this many bytes are gathered into one block: a chunk object costs more than they do.
 */
const SMALL_CHUNK = 512;
/** The first block that small chunks are gathered in, in bytes; each further one doubles. */
const FIRST_BLOCK = 1024;
/** The largest block, in bytes. */
const LARGEST_BLOCK = 65_536;

interface Chunk {
  bytes: Bytes;
  next: Chunk | null;
}

/**
 * Bytes received and not yet consumed, as a chain of the chunks they came in.
 *
 * Appending copies nothing but runs of small chunks. Bytes that are taken have a buffer of their
 * own: a whole chunk is handed out as it is where it has one, everything else is copied. All
 * offsets count from the first byte held.
 *
 * If the memory of a chunk that is held is transferred away, every method that needs its bytes
 * throws a `TypeError`.
 *
 * @example Taking a header and the rest
 * ```ts
 * import { ReceiveBuffer } from "@sluice/net/protocols";
 * import { assertEquals } from "@std/assert";
 *
 * const buffer = new ReceiveBuffer();
 * buffer.append(new Uint8Array([0, 3, 7]));
 * buffer.append(new Uint8Array([8, 9]));
 * assertEquals(buffer.byteAt(1), 3);
 * buffer.skip(2);
 * assertEquals(buffer.take(3), new Uint8Array([7, 8, 9]));
 * assertEquals(buffer.length, 0);
 * ```
 */
export class ReceiveBuffer {
  #first: Chunk | null = null;
  #last: Chunk | null = null;
  // Where the first byte is in the first chunk.
  #offset = 0;
  #length = 0;
  #position = 0;
  // How much of the last chunk's underlying block is still free for small chunks; 0 if it is not
  // ours.
  #tailRoom = 0;
  #nextBlock = FIRST_BLOCK;
  // The chunk where the last look-up ended, and the absolute position of its first byte.
  #cursor: Chunk | null = null;
  #cursorPosition = 0;
  #window: TextWindow | null = null;
  // The memory of a chunk that is not ours to keep.
  #borrowed: ArrayBuffer | null = null;

  /** How many bytes are held. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes are left of the first chunk: what {@linkcode takeChunk} would take. */
  get chunkLength(): number {
    return this.#length === 0 ? 0 : this.#held(this.#first).length - this.#offset;
  }

  /** How many bytes were ever consumed: the absolute position of the first byte held. */
  get position(): number {
    return this.#position;
  }

  /**
   * Adds bytes at the end. The chunk belongs to the buffer from now on; an empty one is ignored.
   *
   * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
   */
  append(chunk: Uint8Array): void {
    checkBytes(chunk, "append");
    const { length } = chunk;
    if (length === 0) return;
    if (length < SMALL_CHUNK && this.#length > 0) this.#gather(chunk);
    else {
      this.#add(asHeld(chunk));
      this.#tailRoom = 0;
    }
    this.#length += length;
  }

  /**
   * Adds bytes at the end that the buffer may use up to {@linkcode keep} only, as those of a chunk
   * that is lent: what is taken until then needs no other copy.
   *
   * @throws {TypeError} As {@linkcode append}.
   */
  borrow(chunk: Bytes): void {
    this.append(chunk);
    this.#borrowed = chunk.buffer;
  }

  /** Copies the borrowed bytes that are left. */
  keep(): void {
    const memory = this.#borrowed;
    this.#borrowed = null;
    if (memory === null || this.#length === 0) return;
    // A window may look at the memory.
    this.#window?.clear();
    // It came last, unless it was small and is copied already.
    const last = this.#last;
    if (last === null || this.#held(last).buffer !== memory) return;
    last.bytes = copyOf(last.bytes, last === this.#first ? this.#offset : 0);
    if (last === this.#first) this.#offset = 0;
    this.#cursor = null;
  }

  /**
   * Puts bytes before the first one held: they are the next to be taken. The chunk belongs to the
   * buffer from now on. A search for separators in this buffer has to begin anew.
   *
   * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
   */
  prepend(chunk: Uint8Array): void {
    checkBytes(chunk, "prepend");
    if (chunk.length === 0 || this.#length === 0) return this.append(chunk);
    // The consumed part of the first chunk comes off, so that a chunk fits before it.
    if (this.#first !== null) this.#first.bytes = this.#held(this.#first).subarray(this.#offset);
    this.#first = { bytes: asHeld(chunk), next: this.#first };
    this.#offset = 0;
    this.#length += chunk.length;
    this.#cursor = null;
  }

  /** The byte at `offset`; `undefined` past the end. */
  byteAt(offset: number): number | undefined {
    const first = this.#first?.bytes;
    const place = this.#offset + offset;
    if (offset >= 0 && first !== undefined && place < first.length) return first[place];
    if (offset < 0 || offset >= this.#length) return undefined;
    const chunk = this.#seek(this.#position + offset);
    return chunk[this.#position + offset - this.#cursorPosition];
  }

  /**
   * The whole number that the `size` bytes at `offset` are, the most significant one first.
   *
   * @param offset Where it begins.
   * @param size How many bytes it has, up to 8. Beyond 2^53 the number is not exact.
   * @param littleEndian Whether the least significant byte comes first.
   * @returns The number; `undefined` if not all of its bytes are held.
   */
  uintAt(offset: number, size: number, littleEndian: boolean = false): number | undefined {
    if (offset < 0 || offset + size > this.#length) return undefined;
    let value = 0;
    for (let i = 0; i < size; i++) {
      value = value * 256 + (this.byteAt(offset + (littleEndian ? size - 1 - i : i)) ?? 0);
    }
    return value;
  }

  /**
   * Finds a byte, or a sequence of them, whole.
   *
   * @param needle One byte as a number, or at least one in an array.
   * @param from The first offset it may start at.
   * @returns The offset where it starts, or -1.
   * @throws {RangeError} If `needle` is an empty array.
   */
  indexOf(needle: Uint8Array | number, from = 0): number {
    if (typeof needle === "number") return this.#indexOfByte(needle, Math.max(0, from));
    const first = needle[0];
    if (first === undefined) throw new RangeError("Cannot search for an empty byte sequence");
    const last = this.#length - needle.length;
    let offset = Math.max(0, from);
    while (offset <= last) {
      offset = this.#indexOfByte(first, offset);
      if (offset === -1 || offset > last) return -1;
      if (needle.length === 1 || this.#matches(needle, offset)) return offset;
      offset++;
    }
    return -1;
  }

  /**
   * Consumes exactly `n` bytes and returns them in one piece, with a buffer of their own.
   *
   * @throws {RangeError} If fewer are held or `n` is negative.
   */
  take(n: number): Bytes {
    const first = this.#first?.bytes;
    const end = this.#offset + n;
    // Most takes are inside one chunk, with more bytes after them.
    if (n > 0 && first !== undefined && end < first.length) {
      const inside = copyOf(first, this.#offset, end);
      this.#offset = end;
      this.#length -= n;
      this.#position += n;
      return inside;
    }
    this.#checkCount(n, "take");
    const isWhole = first !== undefined && this.#offset === 0 && n === first.length;
    const isOurs = isWhole && n > 0 && first.buffer !== this.#borrowed;
    const bytes = isOurs ? ownedBytes(first) : this.#copy(n);
    this.#advance(n);
    return bytes;
  }

  /**
   * Returns a copy of the first `n` bytes without consuming them.
   *
   * @throws {RangeError} If fewer are held or `n` is negative.
   */
  peek(n: number): Bytes {
    this.#checkCount(n, "peek at");
    return this.#copy(n);
  }

  /**
   * Consumes exactly `n` bytes and returns them as text: many short texts in a row cost a tenth of
   * decoding each. A text that is kept may pin 64 KiB of memory, as bytes of a large chunk do.
   *
   * @throws {TypeError} If they are not UTF-8; nothing is consumed then.
   * @throws {RangeError} If fewer are held or `n` is negative.
   */
  takeText(n: number): string {
    this.#checkCount(n, "take");
    if (this.#first === null || n === 0) return "";
    const { bytes } = this.#first;
    const text = this.#offset + n > bytes.length
      ? decodeUtf8(this.#copy(n))
      : (this.#window ??= new TextWindow()).decode(bytes, this.#offset, n);
    this.#advance(n);
    return text;
  }

  /**
   * Returns the first bytes as text without consuming them, as far as they are ASCII and at hand:
   * at most 64 KiB. In such text the places are those of the bytes, so that short pieces can be
   * found and cut out as strings, which is much faster.
   *
   * @returns The text; empty if nothing is held or the first byte is not ASCII.
   */
  peekAscii(): string {
    if (this.#first === null) return "";
    return (this.#window ??= new TextWindow()).asciiFrom(this.#first.bytes, this.#offset);
  }

  /**
   * Consumes the rest of the first chunk, at most `max` bytes: what costs the least. Empty if
   * nothing is held.
   */
  takeChunk(max: number = Infinity): Bytes {
    return this.take(Math.min(this.chunkLength, max));
  }

  /** Consumes into the start of `target`, as much as is held and fits; returns how many bytes. */
  takeInto(target: Uint8Array): number {
    const n = Math.min(target.length, this.#length);
    this.#copyInto(target, n);
    this.#advance(n);
    return n;
  }

  /** Consumes all that is held, as one piece. */
  takeAll(): Bytes {
    return this.take(this.#length);
  }

  /**
   * Drops the next `n` bytes.
   *
   * @throws {RangeError} If fewer are held or `n` is negative.
   */
  skip(n: number): void {
    this.#checkCount(n, "skip");
    this.#advance(n);
  }

  /** Drops all bytes. */
  clear(): void {
    this.#position += this.#length;
    this.#length = 0;
    this.#reset();
  }

  #checkCount(n: number, action: string): void {
    if (!(n >= 0 && n <= this.#length)) {
      throw new RangeError(`Cannot ${action} ${n} bytes: ${this.#length} are held`);
    }
  }

  #add(bytes: Bytes): void {
    const chunk = { bytes, next: null };
    if (this.#last === null) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
  }

  #gather(chunk: Uint8Array): void {
    const last = this.#last;
    if (last !== null && this.#tailRoom >= chunk.length) {
      const { buffer, byteOffset, length } = last.bytes;
      last.bytes = new Uint8Array(buffer, byteOffset, length + chunk.length);
      last.bytes.set(chunk, length);
    } else {
      const block = new Uint8Array(this.#nextBlock);
      this.#nextBlock = Math.min(2 * this.#nextBlock, LARGEST_BLOCK);
      block.set(chunk);
      this.#add(block.subarray(0, chunk.length));
      this.#tailRoom = block.length;
    }
    this.#tailRoom -= chunk.length;
  }

  /** The bytes of a chunk of which some are held. */
  #held(chunk: Chunk | null): Bytes {
    if (chunk !== null && chunk.bytes.length > 0) return chunk.bytes;
    throw new TypeError(
      `Cannot read: memory of the ${this.#length} bytes that wait to be read was transferred away`,
    );
  }

  /** Moves the cursor to the chunk that holds an absolute position, which must be held. */
  #seek(position: number): Bytes {
    if (this.#cursor === null || position < this.#cursorPosition) {
      this.#cursor = this.#first;
      this.#cursorPosition = this.#position - this.#offset;
    }
    for (;;) {
      const bytes = this.#held(this.#cursor);
      const end = this.#cursorPosition + bytes.length;
      if (position < end) return bytes;
      this.#cursor = this.#cursor?.next ?? null;
      this.#cursorPosition = end;
    }
  }

  #indexOfByte(byte: number, from: number): number {
    const first = this.#first?.bytes;
    if (first === undefined) return -1;
    // Most searches end in this chunk, without a move of the cursor.
    const near = indexOfByte(first, byte, this.#offset + from);
    if (near !== -1) return near - this.#offset;
    for (let offset = Math.max(from, first.length - this.#offset); offset < this.#length;) {
      const chunk = this.#seek(this.#position + offset);
      const chunkOffset = this.#cursorPosition - this.#position;
      const found = indexOfByte(chunk, byte, offset - chunkOffset);
      if (found !== -1) return chunkOffset + found;
      offset = chunkOffset + chunk.length;
    }
    return -1;
  }

  #matches(needle: Uint8Array, offset: number): boolean {
    for (let i = 1; i < needle.length; i++) {
      if (this.byteAt(offset + i) !== needle[i]) return false;
    }
    return true;
  }

  #copy(n: number): Bytes {
    const copy = new Uint8Array(n);
    this.#copyInto(copy, n);
    return copy;
  }

  #copyInto(target: Uint8Array, n: number): void {
    let chunk = this.#first;
    let offset = this.#offset;
    for (let done = 0; done < n; offset = 0) {
      const part = this.#held(chunk).subarray(offset, offset + n - done);
      target.set(part, done);
      done += part.length;
      chunk = chunk?.next ?? null;
    }
  }

  #advance(n: number): void {
    this.#length -= n;
    this.#position += n;
    this.#offset += n;
    if (this.#length === 0) return this.#reset();
    for (;;) {
      const { length } = this.#held(this.#first);
      if (this.#offset < length) return;
      // The cursor must not hold on to it.
      if (this.#cursor === this.#first) this.#cursor = null;
      this.#first = this.#first?.next ?? null;
      this.#offset -= length;
    }
  }

  #reset(): void {
    this.#first = this.#last = this.#cursor = null;
    this.#offset = 0;
    this.#tailRoom = 0;
    this.#nextBlock = FIRST_BLOCK;
    this.#window?.clear();
  }
}

/** A chunk as it is kept: a plain array over memory that nothing but a transfer can change. */
function asHeld(chunk: Uint8Array): Bytes {
  if (!isOrdinary(chunk)) return copyOf(chunk);
  if (chunk.constructor === Uint8Array) return chunk;
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}
