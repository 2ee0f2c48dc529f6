import { isOrdinary } from "../../../protocols/bytes.ts";
import { Loan, mayVanish, OWNER } from "../memory/loan.ts";
import { MemoryPiece, type Piece } from "./piece.ts";
import { CopiedPiece, SEGMENT_SIZE, WriteSegment } from "./write_segment.ts";

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

  /** The next one to be sent, in one operation; it stays queued until {@linkcode consume}. */
  get first(): Piece | null {
    return this.#first;
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

  /** Adds a piece at the end. */
  add(piece: Piece): void {
    this.#size += piece.length;
    if (this.#first === null) this.#first = piece;
    else (this.#others ??= []).push(piece);
  }

  /**
   * An operation has sent `n` bytes of the first piece.
   *
   * @returns How many bytes are queued no more: all of a piece that turned out to be empty.
   * @throws {RangeError} If it cannot have sent so many.
   */
  consume(n: number): number {
    const piece = this.#first;
    if (piece === null) return 0;
    const { length } = piece;
    const taken = n === 0 && piece.mayBeEmpty ? length : n;
    const isPart = Number.isInteger(taken) && taken > 0 && taken < length;
    if (!isPart && taken !== length) {
      throw new RangeError(`The carrier says that it took ${n} of ${length} bytes`);
    }
    this.#size -= taken;
    if (isPart) piece.skip(taken);
    else {
      this.#removeFirst();
      piece.end(true);
    }
    return taken;
  }

  /** Forgets everything. */
  clear(): void {
    const pieces = [this.#first, ...this.#others ?? []];
    this.#first = this.#others = null;
    this.#size = 0;
    for (const piece of pieces) piece?.end(false);
  }

  #pushBytes(bytes: Uint8Array, areOwned: boolean): void {
    const { length } = bytes;
    if (length > MOVE_LIMIT) {
      const loan = areOwned ? null : Loan.of(bytes.buffer);
      if (areOwned || loan !== null || length > COPY_LIMIT && isStable(bytes)) {
        const piece = new MemoryPiece(bytes, areOwned ? OWNER : null);
        loan?.keep(piece);
        return this.add(piece);
      }
    }
    this.#pushCopy(bytes);
    if (areOwned) OWNER.release(bytes);
  }

  #pushCopy(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; done += SEGMENT_SIZE) {
      const part = bytes.length > SEGMENT_SIZE ? bytes.subarray(done, done + SEGMENT_SIZE) : bytes;
      this.#pieceFor(part.length).add(part);
      this.#size += part.length;
    }
  }

  #pushText(text: string): void {
    const piece = this.#pieceFor(MAX_BYTES_PER_UNIT * text.length);
    const { length } = piece;
    piece.addText(text);
    this.#size += piece.length - length;
  }

  /** The last piece, if it has room for a copy of `n` bytes; else a new one. */
  #pieceFor(n: number): CopiedPiece {
    const last = this.#others?.at(-1) ?? this.#first;
    if (last instanceof CopiedPiece && last.hasRoom(n)) return last;
    const isFirst = last === null && n <= SHARED_LIMIT;
    const piece = new CopiedPiece(isFirst ? WriteSegment.shared(n) : WriteSegment.own());
    this.add(piece);
    return piece;
  }

  #removeFirst(): void {
    this.#first = this.#others?.shift() ?? null;
    if (this.#first === null) this.#others = null;
  }
}

/** Whether bytes stay as they are, and where they are, until their writer changes them. */
function isStable(bytes: Uint8Array): boolean {
  return isOrdinary(bytes) && !mayVanish(bytes);
}
