import type { Carrier } from "../carrier.ts";
import type { MemoryHolder, Outgoing } from "../memory/loan.ts";
import type { SystemBytes } from "./system_bytes.ts";

/** A part of a queue, which one operation sends, or several one after the other. */
export interface Piece {
  /** How many bytes are left of it. */
  readonly length: number;
  /** Whether its memory was transferred away, or has shrunk: it cannot be sent any more. */
  readonly isGone?: boolean;
  /** Whether it is over when an operation has sent nothing. */
  readonly mayBeEmpty?: boolean;
  /**
   * Sends the first of its bytes; gives how many, now or by a promise.
   *
   * @throws {TypeError} If it {@linkcode isGone}.
   */
  send(carrier: Carrier): number | Promise<number>;
  /** The first `n` bytes were sent, and there are more. */
  skip(n: number): void;
  /** All was sent; or the rest never is, though an operation may still be reading it. */
  end(isSent: boolean): void;
}

/** The end of the direction: nothing follows it. */
export const END: Piece = {
  length: 0,
  mayBeEmpty: true,
  send: (carrier) => carrier.closeWrite?.().then(() => 0) ?? 0,
  skip: () => {},
  end: () => {},
};

/** Bytes that are sent from where they lie. */
export class MemoryPiece implements Piece, Outgoing {
  bytes: Uint8Array;
  holder: MemoryHolder | null;
  // Those of `bytes` become none when the memory is transferred away.
  length: number;

  /** `holder` is told when they are sent. */
  constructor(bytes: Uint8Array, holder: MemoryHolder | null) {
    this.bytes = bytes;
    this.holder = holder;
    this.length = bytes.length;
  }

  get isGone(): boolean {
    return this.bytes.length !== this.length;
  }

  send(carrier: Carrier): number | Promise<number> {
    if (!this.isGone) return carrier.write(this.bytes);
    throw new TypeError(
      `Memory of ${this.length} bytes that waited to be sent was transferred away or has shrunk`,
    );
  }

  skip(n: number): void {
    if (!this.isGone) this.bytes = this.bytes.subarray(n);
    this.length -= n;
  }

  end(isSent: boolean): void {
    if (isSent) this.holder?.release(this.bytes);
  }
}

/** Bytes that are with the system. */
export class SystemPiece implements Piece {
  readonly #source: SystemBytes;
  length: number;

  /** `length` bytes that `source` sends. */
  constructor(source: SystemBytes, length: number) {
    this.#source = source;
    this.length = length;
  }

  get mayBeEmpty(): boolean {
    return true;
  }

  send(): number | Promise<number> {
    return this.#source.send(this.length);
  }

  skip(n: number): void {
    this.length -= n;
  }

  end(): void {
    this.#source.end();
  }
}
