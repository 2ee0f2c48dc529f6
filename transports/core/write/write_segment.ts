import type { Carrier } from "../carrier.ts";
import type { Piece } from "./piece.ts";

/** The size of a segment, in bytes: what one operation sends at most of many small writes. */
export const SEGMENT_SIZE = 65_536;
/** Up to this length text is encoded by hand: to call the encoder costs more. */
const SHORT_TEXT = 48;
/** How many unused segments are kept for the next one in need: 2 MiB in all. */
const POOL_SIZE = 32;

const encoder = new TextEncoder();
const pool: WriteSegment[] = [];
let shared: WriteSegment | null = null;

/**
 * Memory that collects small writes until they are sent, and is used again then. It is never handed
 * out.
 */
export class WriteSegment {
  readonly #bytes = new Uint8Array(SEGMENT_SIZE);
  #used = 0;
  #users = 0;

  /** A segment of one's own. */
  static own(): WriteSegment {
    return pool.pop() ?? new WriteSegment();
  }

  /**
   * The segment in which all connections put what they write while they have nothing else queued,
   * with room for `n` bytes.
   */
  static shared(n: number): WriteSegment {
    if (shared === null || shared.#used + n > SEGMENT_SIZE) shared = WriteSegment.own();
    return shared;
  }

  /** A copy of `bytes`, which there must be room for; it stays until {@linkcode release}. */
  hold(bytes: Uint8Array): Uint8Array {
    const start = this.begin();
    this.add(bytes);
    return this.view(start, bytes.length);
  }

  /** Begins a run of bytes, and tells where; it stays until {@linkcode release}. */
  begin(): number {
    this.#users++;
    return this.#used;
  }

  /** Whether the run that goes up to `end` can be extended by `n` bytes. */
  isExtensible(end: number, n: number): boolean {
    return end === this.#used && end + n <= SEGMENT_SIZE;
  }

  /** Extends the last run by a copy of bytes, which there must be room for. */
  add(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Extends the last run by text as UTF-8, which there must be room for; returns its length. */
  addText(text: string): number {
    const length = encodeAt(text, this.#bytes, this.#used);
    this.#used += length;
    return length;
  }

  /** The bytes of a run. */
  view(start: number, length: number): Uint8Array {
    return this.#bytes.subarray(start, start + length);
  }

  /** One of those who hold something here needs it no more. */
  release(): void {
    if (--this.#users > 0) return;
    this.#used = 0;
    if (this !== shared && pool.length < POOL_SIZE) pool.push(this);
  }
}

/** A run of copies in a segment. It can grow while it is the last one there. */
export class CopiedPiece implements Piece {
  readonly #segment: WriteSegment;
  #start: number;
  length = 0;

  /** Begins at the end of a segment. */
  constructor(segment: WriteSegment) {
    this.#segment = segment;
    this.#start = segment.begin();
  }

  /** Whether `n` bytes can be added. */
  hasRoom(n: number): boolean {
    return this.#segment.isExtensible(this.#start + this.length, n);
  }

  /** Adds a copy of bytes, which there must be room for. */
  add(bytes: Uint8Array): void {
    this.#segment.add(bytes);
    this.length += bytes.length;
  }

  /** Adds text as UTF-8, which there must be room for. */
  addText(text: string): void {
    this.length += this.#segment.addText(text);
  }

  send(carrier: Carrier): number | Promise<number> {
    return carrier.write(this.#segment.view(this.#start, this.length));
  }

  skip(n: number): void {
    this.#start += n;
    this.length -= n;
  }

  end(isSent: boolean): void {
    if (isSent) this.#segment.release();
  }
}

/** Puts text as UTF-8 into `target`; returns how many bytes it has. */
function encodeAt(text: string, target: Uint8Array, at: number): number {
  const { length } = text;
  if (length <= SHORT_TEXT) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) break;
      target[at + i] = code;
    }
    if (i === length) return length;
  }
  return encoder.encodeInto(text, target.subarray(at)).written;
}
