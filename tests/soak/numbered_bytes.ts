/**
 * A stream of bytes in which each position has its own value, so that a receiver notices bytes that
 * were lost, doubled, reordered or changed, wherever a chunk begins.
 *
 * @module
 */
import { assertEquals } from "@std/assert";

/** The byte at a position of a stream. Streams with other seeds differ. */
function byteAt(seed: number, position: number): number {
  const mixed = Math.imul(position + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & 0xff;
}

/** The bytes of a stream from a position on. */
export function numberedBytes(seed: number, position: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(seed, position + index));
}

/** Checks that what arrives is the beginning of the stream of a seed. */
export class NumberedBytesCheck {
  /** How many bytes were right so far. */
  received = 0;

  /** Expects the stream of this seed. */
  constructor(readonly seed: number) {}

  /** Takes the next chunk. */
  add(chunk: Uint8Array): void {
    for (const [index, byte] of chunk.entries()) {
      const position = this.received + index;
      if (byte !== byteAt(this.seed, position)) {
        assertEquals(byte, byteAt(this.seed, position), `byte ${position} of stream ${this.seed}`);
      }
    }
    this.received += chunk.length;
  }
}
