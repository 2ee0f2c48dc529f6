import type { EncodedMessage, Encoder, EncodeSegment } from "./codec.ts";

/** An object that takes bytes in one piece and in several: a transport, a writer. */
interface Output {
  write(data: Uint8Array | string): boolean;
  writelines(parts: Iterable<Uint8Array | string>): boolean;
}

/** The size, in bytes. Parts this small are copied by `Transport.write` before it returns. */
const SIZE = 8192;

/** Memory for the parts of one message at a time. Parts without room get memory of their own. */
class ReusedSegment implements EncodeSegment {
  readonly #bytes = new Uint8Array(SIZE);
  #used = 0;
  #users = 0;

  /** Lends the memory for as long as `write` runs. */
  use<T>(write: (segment: EncodeSegment) => T): T {
    this.#users++;
    try {
      return write(this);
    } finally {
      // A message that was written while another one was being encoded leaves that one's parts.
      if (--this.#users === 0) this.#used = 0;
    }
  }

  take(length: number): Uint8Array {
    const start = this.#used;
    if (!(start + length <= SIZE)) return new Uint8Array(length);
    this.#used += length;
    return this.#bytes.subarray(start, this.#used);
  }
}

/** Shared by all encoders: a message is written before the next one is encoded. */
const segment = new ReusedSegment();

/** Whether an encoded message is in one piece. */
function isWhole(encoded: EncodedMessage): encoded is Uint8Array | string {
  return typeof encoded === "string" || encoded instanceof Uint8Array;
}

/** The pieces of an encoded message. */
export function piecesOf(encoded: EncodedMessage): readonly (Uint8Array | string)[] {
  return isWhole(encoded) ? [encoded] : encoded;
}

/**
 * Encodes a message and writes it.
 *
 * @returns What the output's own call returns.
 * @throws {FrameError} If the message cannot be encoded; nothing is written then.
 */
export function writeMessage<Out>(output: Output, encoder: Encoder<Out>, message: Out): boolean {
  return segment.use((segment) => {
    const encoded = encoder.encode(message, segment);
    return isWhole(encoded) ? output.write(encoded) : output.writelines(encoded);
  });
}
