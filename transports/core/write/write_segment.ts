/** The size of a segment, in bytes: what one operation sends at most of many small writes. */
export const SEGMENT_SIZE = 65_536;
/** How many unused segments are kept for the next one in need: 2 MiB in all. */
const POOL_SIZE = 32;

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
    const start = this.#used;
    this.#bytes.set(bytes, start);
    this.#used += bytes.length;
    this.#users++;
    return this.#bytes.subarray(start, this.#used);
  }

  /** The held bytes, followed by `bytes`; `null` if other bytes follow them or there is no room. */
  extend(held: Uint8Array, bytes: Uint8Array): Uint8Array | null {
    const end = held.byteOffset + held.length;
    if (end !== this.#used || end + bytes.length > SEGMENT_SIZE) return null;
    this.#bytes.set(bytes, end);
    this.#used += bytes.length;
    return this.#bytes.subarray(held.byteOffset, this.#used);
  }

  /** One of those who hold something here needs it no more. */
  release(): void {
    if (--this.#users > 0) return;
    this.#used = 0;
    if (this !== shared && pool.length < POOL_SIZE) pool.push(this);
  }
}
