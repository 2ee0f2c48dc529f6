/**
 * How long the header of a TLS record is, in bytes: its type, the version, the length of the rest.
 */
const HEADER = 5;
/** The types of records: change of cipher, alert, handshake, data. */
const [FIRST_TYPE, LAST_TYPE] = [20, 23];
/** The most data that a record holds, in bytes. */
const FULL = 16_384;

/**
 * Finds the records in ciphertext that arrives in pieces of any size (RFC 8446, 5.1).
 *
 * The engine forgets what it has decrypted of a piece as soon as it finds an error in the same
 * piece, so that valid data before the error would be lost. A peer that sends a fatal alert, or
 * something that is not TLS, sends it last. So the last record of a piece is given to the engine by
 * itself, unless it is full: that is the middle of much data, where each further call of the engine
 * costs 5 %.
 */
export class RecordBoundaries {
  // How much of the header has been seen, and how much of the record is still to come after it.
  #header = 0;
  #left = 0;
  #isFull = false;

  /**
   * Where the last record that ends in the chunk begins, or one that is no record; 0 if the chunk
   * is one piece.
   */
  cut(chunk: Uint8Array): number {
    let begin = 0;
    let cut = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#header < HEADER) {
        const byte = chunk[at++] ?? 0;
        if (this.#header === 0 && (byte < FIRST_TYPE || byte > LAST_TYPE)) return at - 1;
        if (this.#header === 3) this.#left = byte << 8;
        if (this.#header === 4) this.#isFull = (this.#left |= byte) > FULL;
        this.#header++;
      } else {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
      }
      if (this.#header === HEADER && this.#left === 0) {
        this.#header = 0;
        cut = this.#isFull ? 0 : begin;
        begin = at;
      }
    }
    return cut;
  }
}
