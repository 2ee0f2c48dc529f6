import { BumpSlab } from "./bump_slab.ts";

/** Data up to this many bytes is copied and coalesced; larger data goes from where it lies. */
export const COPY_LIMIT = 16_384;
/** The first bytes on an empty queue go to a slab shared by all connections if they are no more than this. */
const SLAB_LIMIT = 2048;
/** What is queued behind them is gathered in segments of this many bytes. */
const SEGMENT_SIZE = 65_536;
/** How many unused segments are kept for the next one in need: 2 MiB in all. */
const POOLED_SEGMENTS = 32;

const slab = new BumpSlab();
const segments: Uint8Array[] = [];

/** A run of bytes to be sent in one operation, and the pooled segment it lies in, if it does. */
interface Piece {
  bytes: Uint8Array;
  readonly segment: Uint8Array | null;
}

/**
 * Bytes on their way out, in order. Small writes are gathered into few large pieces, so that one
 * operation sends many of them; the first small write of an idle connection costs one copy of its bytes.
 */
export class WriteQueue {
  #pieces: Piece[] = [];
  #size = 0;

  /** How many bytes are queued. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes at the end: as a copy if they are few or `copy` says so, else as they are. */
  push(bytes: Uint8Array, copy: boolean): void {
    this.#size += bytes.length;
    if (bytes.length > COPY_LIMIT && !copy) {
      this.#pieces.push({ bytes, segment: null });
    } else if (!this.#extendLast(bytes)) this.#pushCopy(bytes);
  }

  /** The bytes to send next, in one operation; they stay queued until {@linkcode consume}. */
  peek(): Uint8Array | undefined {
    return this.#pieces[0]?.bytes;
  }

  /** Takes away the first `n` bytes of what {@linkcode peek} gave. */
  consume(n: number): void {
    const piece = this.#pieces[0];
    if (piece === undefined) return;
    this.#size -= n;
    if (n < piece.bytes.length) {
      piece.bytes = piece.bytes.subarray(n);
      return;
    }
    this.#pieces.shift();
    if (piece.segment !== null && segments.length < POOLED_SEGMENTS) segments.push(piece.segment);
  }

  /** Forgets everything. An operation may still be reading a segment, so none goes back to the pool. */
  clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }

  #extendLast(bytes: Uint8Array): boolean {
    const last = this.#pieces[this.#pieces.length - 1];
    if (last === undefined) return false;
    if (last.segment === null) {
      const extended = slab.extend(last.bytes, bytes);
      if (extended !== null) last.bytes = extended;
      return extended !== null;
    }
    const { byteOffset, length } = last.bytes;
    const end = byteOffset + length;
    if (end + bytes.length > SEGMENT_SIZE) return false;
    last.segment.set(bytes, end);
    last.bytes = last.segment.subarray(byteOffset, end + bytes.length);
    return true;
  }

  #pushCopy(bytes: Uint8Array): void {
    if (this.#pieces.length === 0 && bytes.length <= SLAB_LIMIT) {
      this.#pieces.push({ bytes: slab.copy(bytes), segment: null });
      return;
    }
    for (let done = 0; done < bytes.length; done += SEGMENT_SIZE) {
      const segment = segments.pop() ?? new Uint8Array(SEGMENT_SIZE);
      const part = bytes.subarray(done, done + SEGMENT_SIZE);
      segment.set(part);
      this.#pieces.push({ bytes: segment.subarray(0, part.length), segment });
    }
  }
}
