import { isOrdinary } from "../../../protocols/bytes.ts";
import { Loan, mayVanish, type Outgoing, OWNER } from "../memory/loan.ts";
import type { SystemBytes } from "./system_bytes.ts";
import { SEGMENT_SIZE, WriteSegment } from "./write_segment.ts";

/** Data up to this many bytes is copied and coalesced; larger data goes from where it lies. */
export const COPY_LIMIT = 16_384;
/** Data that is given away, or lent, is moved and not copied if it has more bytes than this. */
export const MOVE_LIMIT = 8191;
/**
 * The first bytes on an empty queue go to the segment of all connections if they are no more than
 * this.
 */
const SHARED_LIMIT = 2048;

/** How many bytes of UTF-8 a UTF-16 code unit has at most. */
const MAX_BYTES_PER_UNIT = 3;
const encoder = new TextEncoder();
/** Marks a piece whose bytes are with the system. */
const NO_BYTES = new Uint8Array(0);

/** A run of bytes to be sent in one operation. */
interface Piece extends Outgoing {
  /** How many there were when they were queued: memory that is not copied may vanish. */
  length: number;
}

/** Bytes that are with the system. */
interface SystemPiece extends Piece {
  readonly source: SystemBytes;
}

/** A run of copies, from `start` on: it grows in `length`, and `bytes` follows when it is sent. */
interface CopiedPiece extends Piece {
  start: number;
  readonly holder: WriteSegment;
}

/** The bytes of a run before it is sent. */
const UNSEEN = new Uint8Array(0);

/**
 * Bytes on their way out, in order. Small writes are gathered into few large pieces, so that one
 * operation sends many of them; the first small write of an idle connection costs one copy of its
 * bytes.
 */
export class WriteQueue {
  // The first piece, mostly the only one: without the others an idle connection holds no array.
  #first: Piece | null = null;
  #others: Piece[] | null = null;
  #size = 0;

  /** How many bytes are queued. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds bytes at the end: as a copy if they are few, or may change; else as they are. Text is
   * encoded where it is sent from.
   *
   * @param areOwned Whether bytes have their memory for themselves: it is used again then.
   */
  push(data: Uint8Array | string, areOwned: boolean): void {
    if (typeof data !== "string") this.#pushBytes(data, areOwned);
    else if (MAX_BYTES_PER_UNIT * data.length <= COPY_LIMIT) this.#pushText(data);
    else this.#pushBytes(encoder.encode(data), false);
  }

  #pushBytes(bytes: Uint8Array, areOwned: boolean): void {
    const { length } = bytes;
    this.#size += length;
    const loan = length > MOVE_LIMIT && !areOwned ? Loan.of(bytes.buffer) : null;
    if (areOwned || loan !== null ? length > MOVE_LIMIT : length > COPY_LIMIT && isStable(bytes)) {
      const piece: Piece = { bytes, length, holder: areOwned ? OWNER : null };
      loan?.keep(piece);
      this.#add(piece);
      return;
    }
    this.#pushCopy(bytes);
    if (areOwned) OWNER.release(bytes);
  }

  /** Adds bytes of the system at the end. */
  pushSystem(source: SystemBytes, length: number): void {
    const piece: SystemPiece = { bytes: NO_BYTES, length, holder: null, source };
    this.#add(piece);
    this.#size += length;
  }

  /** The bytes of the system to send next; `null` if others are first. */
  get system(): SystemPiece | null {
    const piece = this.#first;
    return piece !== null && isSystem(piece) ? piece : null;
  }

  /**
   * The bytes to send next, in one operation; they stay queued until {@linkcode consume}.
   *
   * @throws {TypeError} If their memory was transferred away or has shrunk.
   */
  peek(): Uint8Array | undefined {
    const piece = this.#first;
    if (piece === null) return undefined;
    if (piece.bytes.length === piece.length) return piece.bytes;
    if (isCopied(piece)) return piece.bytes = piece.holder.view(piece.start, piece.length);
    throw new TypeError(
      `Memory of ${piece.length} bytes that waited to be sent was transferred away or has shrunk`,
    );
  }

  /**
   * Takes away the first `n` bytes of what {@linkcode peek} gave; all of them if the system turns
   * out to have none.
   *
   * @throws {TypeError} If their memory was transferred away or has shrunk, and is still needed.
   * @throws {RangeError} If `n` is not a whole number from 1 to how many there were.
   */
  consume(n: number): void {
    const piece = this.#first;
    if (piece === null) return;
    const { length } = piece;
    if (isSystem(piece)) return this.#consumeSystem(piece, n);
    if (n === length) {
      this.#size -= n;
      this.#removeFirst();
      piece.holder?.release(piece.bytes);
      return;
    }
    this.peek();
    if (!(Number.isInteger(n) && n > 0 && n < length)) {
      throw new RangeError(`The carrier says that it took ${n} of ${length} bytes`);
    }
    this.#size -= n;
    piece.bytes = piece.bytes.subarray(n);
    piece.length -= n;
    if (isCopied(piece)) piece.start += n;
  }

  /** Forgets everything. An operation may still be reading a segment, so none is released. */
  clear(): void {
    const pieces = [this.#first, ...this.#others ?? []];
    this.#first = this.#others = null;
    this.#size = 0;
    for (const piece of pieces) if (piece !== null && isSystem(piece)) piece.source.end();
  }

  #consumeSystem(piece: SystemPiece, n: number): void {
    const taken = n === 0 ? piece.length : n;
    this.#size -= taken;
    piece.length -= taken;
    if (piece.length > 0) return;
    this.#removeFirst();
    piece.source.end();
  }

  #add(piece: Piece): void {
    if (this.#first === null) this.#first = piece;
    else (this.#others ??= []).push(piece);
  }

  #removeFirst(): void {
    this.#first = this.#others?.shift() ?? null;
    if (this.#first === null) this.#others = null;
  }

  #pushText(text: string): void {
    const most = MAX_BYTES_PER_UNIT * text.length;
    const piece = this.#extensible(most) ?? this.#begin(most);
    const length = piece.holder.addText(text);
    piece.length += length;
    this.#size += length;
  }

  #pushCopy(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; done += SEGMENT_SIZE) {
      const part = bytes.length > SEGMENT_SIZE ? bytes.subarray(done, done + SEGMENT_SIZE) : bytes;
      const piece = this.#extensible(part.length) ?? this.#begin(part.length);
      piece.holder.add(part);
      piece.length += part.length;
    }
  }

  /** The last piece, if `n` bytes can be added to it. */
  #extensible(n: number): CopiedPiece | null {
    const last = this.#others?.at(-1) ?? this.#first;
    if (last === null || !isCopied(last)) return null;
    return last.holder.isExtensible(last.start + last.length, n) ? last : null;
  }

  /** Begins a piece that has room for `n` bytes. */
  #begin(n: number): CopiedPiece {
    const isFirst = this.#first === null && n <= SHARED_LIMIT;
    const holder = isFirst ? WriteSegment.shared(n) : WriteSegment.own();
    const piece = { bytes: UNSEEN, start: holder.end, length: 0, holder };
    holder.begin();
    this.#add(piece);
    return piece;
  }
}

function isSystem(piece: Piece): piece is SystemPiece {
  return piece.bytes === NO_BYTES;
}

/** Whether a piece holds copies, so that it can grow. */
function isCopied(piece: Piece): piece is CopiedPiece {
  return piece.holder instanceof WriteSegment;
}

/** Whether bytes stay as they are, and where they are, until their writer changes them. */
function isStable(bytes: Uint8Array): boolean {
  return isOrdinary(bytes) && !mayVanish(bytes);
}
