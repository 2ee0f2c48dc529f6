import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { AnyProtocol, BufferedProtocolCallbacks } from "../../../protocols/contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { show } from "../../../protocols/option_checks.ts";
import { callBack, type CallbackErrorSink } from "../callbacks.ts";
import { markOverwritten } from "../memory/loan.ts";

/** A buffered protocol of ours that takes bytes from any memory as well. */
export abstract class InPlaceProtocol {
  /** Takes bytes from where they lie, instead of `bufferUpdated`, and keeps none of them. */
  abstract bytesReceived(bytes: Bytes): void | Promise<void>;
}

/** The buffer that a buffered protocol lends for the bytes that come. */
export class LentBuffer {
  readonly #protocol: BufferedProtocolCallbacks;
  readonly #onError: CallbackErrorSink;
  // The one that was lent last.
  #lent: Uint8Array | undefined;
  // The memory of the rest that was copied last: nothing else uses it.
  #copied: ArrayBuffer | null = null;

  /** Lends nothing yet. An exception of the protocol goes to `onError`. */
  constructor(protocol: BufferedProtocolCallbacks, onError: CallbackErrorSink) {
    this.#protocol = protocol;
    this.#onError = onError;
  }

  /** That of a protocol; `null` if it takes chunks. */
  static of(protocol: AnyProtocol, onError: CallbackErrorSink): LentBuffer | null {
    return "getBuffer" in protocol ? new LentBuffer(protocol, onError) : null;
  }

  /** Has the protocol lend one; `undefined` if it failed to, which was told. */
  lend(sizeHint: number): Uint8Array | undefined {
    let hasFailed = false;
    const buffer = callBack(this.#protocol, "getBuffer", (callback, thrown) => {
      hasFailed = true;
      this.#onError(callback, thrown);
    }, sizeHint);
    if (buffer instanceof Uint8Array && buffer.length > 0) {
      if (buffer !== this.#lent) markOverwritten(buffer.buffer);
      return this.#lent = buffer;
    }
    if (!hasFailed) this.#onError("getBuffer", badBuffer(buffer));
    return undefined;
  }

  /**
   * Has the protocol take bytes; those that it has no room for go to the front of `waiting`.
   *
   * @param bytes The bytes.
   * @param isInTarget Whether they lie in the buffer that was lent for this read.
   * @returns A promise if the callback goes on; it does not reject.
   */
  take(bytes: Bytes, isInTarget: boolean, waiting: Bytes[]): unknown {
    if (!isInTarget && this.#protocol instanceof InPlaceProtocol) {
      return callBack(this.#protocol, "bytesReceived", this.#onError, bytes);
    }
    const isThere = isInTarget && this.#holds(bytes);
    // The protocol may lend the memory anew where bytes lie that were read into it before.
    const chunk = isInTarget && !isThere ? copyOf(bytes) : bytes;
    const taken = isThere ? chunk.length : this.#put(chunk);
    if (taken < chunk.length) waiting.unshift(this.#restOf(chunk, taken));
    else this.#copied = null;
    return taken > 0 ? callBack(this.#protocol, "bufferUpdated", this.#onError, taken) : undefined;
  }

  /**
   * The bytes of a chunk from `taken` on. It may lie in memory that is read into again, and is
   * copied then: once, or a small buffer would have every byte copied for each piece before it.
   */
  #restOf(chunk: Bytes, taken: number): Bytes {
    if (chunk.buffer === this.#copied) return chunk.subarray(taken);
    const rest = copyOf(chunk, taken);
    this.#copied = rest.buffer;
    return rest;
  }

  /** Whether a chunk lies at the start of it. */
  #holds(chunk: Bytes): boolean {
    return chunk.buffer === this.#lent?.buffer && chunk.byteOffset === this.#lent.byteOffset;
  }

  /** Has the protocol lend one, and puts the start of a chunk there; gives how many bytes. */
  #put(chunk: Bytes): number {
    const target = this.lend(chunk.length);
    if (target === undefined) return 0;
    const n = Math.min(target.length, chunk.length);
    target.set(n < chunk.length ? chunk.subarray(0, n) : chunk);
    return n;
  }
}

function badBuffer(buffer: unknown): Error {
  return buffer instanceof Uint8Array
    ? new InvalidStateError("Cannot read: getBuffer() returned an empty buffer")
    : new TypeError(`Cannot read: getBuffer() returned ${show(buffer)}, not a Uint8Array`);
}
