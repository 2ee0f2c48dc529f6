import { type Bytes, checkBytes } from "../bytes.ts";
import { FrameTooLongError, InvalidStateError } from "../errors.ts";
import { NEED_MORE, type NeedMore } from "../framing/codec.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";

/**
 * The longest message that a codec takes. One that is longer is passed over as it arrives, if its
 * end is known.
 */
export class LengthLimit {
  /** The limit, in bytes. */
  readonly max: number;
  #left = 0;
  #buffer: ReceiveBuffer | null = null;

  /** For messages of up to `max` bytes. */
  constructor(max: number) {
    this.max = max;
  }

  /** Refuses to send what is no bytes, or too long. */
  checkSent(message: Uint8Array): void {
    checkBytes(message, "encode");
    if (message.length > this.max) throw new FrameTooLongError(message.length, this.max, true);
  }

  /**
   * Takes a message of `length` bytes after its header.
   *
   * @param header How many bytes the header has, which are dropped.
   * @param trailer How many bytes have to follow the message, which are left.
   * @returns The message, or {@linkcode NEED_MORE} if not all of it has arrived.
   * @throws {FrameTooLongError} If it is longer than the limit.
   */
  take(buffer: ReceiveBuffer, header: number, length: number, trailer = 0): Bytes | NeedMore {
    if (length > this.max) this.refuse(buffer, header + length, length);
    if (buffer.length < header + length + trailer) return NEED_MORE;
    buffer.skip(header);
    return buffer.take(length);
  }

  /**
   * Refuses a message of `length` bytes, and passes over the next `total` bytes: its frame. No
   * number tells exactly where the end of an even longer one is.
   */
  refuse(buffer: ReceiveBuffer, total: number, length: number): never {
    const isExact = Number.isSafeInteger(total);
    if (isExact) {
      this.#left = total;
      this.#buffer = buffer;
      this.isPassed(buffer);
    }
    throw new FrameTooLongError(length, this.max, isExact);
  }

  /**
   * Passes over what has arrived of a message that was refused.
   *
   * @returns Whether nothing is left to pass over.
   * @throws {InvalidStateError} If it was refused in another buffer.
   */
  isPassed(buffer: ReceiveBuffer): boolean {
    if (this.#left === 0) return true;
    if (buffer !== this.#buffer) {
      throw new InvalidStateError("Cannot decode: this codec belongs to another connection");
    }
    const n = Math.min(this.#left, buffer.length);
    buffer.skip(n);
    this.#left -= n;
    return this.#left === 0;
  }
}
