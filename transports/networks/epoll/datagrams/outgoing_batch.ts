import { type Libc, MSG } from "../libc/libc.ts";
import { NativeMemory } from "../libc/native_memory.ts";
import { perLibc } from "../libc/per_libc.ts";
import { MAX_ADDRESS_SIZE } from "../libc/socket_address.ts";

/** How many datagrams one call sends at most. */
export const MAX_BATCH = 32;
/** How many bytes they have together at most. */
const CAPACITY = 65_536;

/** `struct mmsghdr` of sendmmsg(2): a `struct msghdr` of 56 bytes, and how much was sent. */
const MMSGHDR = { size: 64, name: 0, nameLength: 8, pieces: 16, pieceCount: 24 } as const;
/** `struct iovec` of uio.h: a pointer and a length. */
const IOVEC = { size: 16, length: 8 } as const;
/** The room for an address, which is aligned. */
const NAME_SIZE = Math.ceil(MAX_ADDRESS_SIZE / 8) * 8;

/** Where each part is in the memory. */
const PIECES_AT = MAX_BATCH * MMSGHDR.size;
const NAMES_AT = PIECES_AT + MAX_BATCH * IOVEC.size;
const DATA_AT = NAMES_AT + MAX_BATCH * NAME_SIZE;

/**
 * Datagrams that one call sends: sendmmsg(2). They are put together here and copied in one piece
 * into memory of the C library, which the structures point to.
 */
export class OutgoingBatch {
  readonly #libc: Libc;
  readonly #memory: NativeMemory;
  readonly #bytes = new Uint8Array(DATA_AT + CAPACITY);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #end = DATA_AT;

  /** Takes its memory. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#memory = new NativeMemory(libc, this.#bytes.length);
    for (let i = 0; i < MAX_BATCH; i++) {
      const at = i * MMSGHDR.size;
      this.#point(at + MMSGHDR.name, NAMES_AT + i * NAME_SIZE);
      this.#point(at + MMSGHDR.pieces, PIECES_AT + i * IOVEC.size);
      this.#view.setUint32(at + MMSGHDR.pieceCount, 1, true);
    }
  }

  /** How many datagrams there are. */
  get length(): number {
    return this.#length;
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
    this.#end = DATA_AT;
  }

  /** Adds one; `false` if there is no room for it. */
  add(data: Uint8Array, destination: Uint8Array): boolean {
    const i = this.#length;
    if (i === MAX_BATCH || this.#end + data.length > this.#bytes.length) return false;
    this.#bytes.set(destination, NAMES_AT + i * NAME_SIZE);
    this.#view.setUint32(i * MMSGHDR.size + MMSGHDR.nameLength, destination.length, true);
    this.#point(PIECES_AT + i * IOVEC.size, this.#end);
    this.#view.setUint32(PIECES_AT + i * IOVEC.size + IOVEC.length, data.length, true);
    this.#bytes.set(data, this.#end);
    this.#end += data.length;
    this.#length++;
    return true;
  }

  /** Hands all that was added over to the memory of the C library; {@linkcode send} follows. */
  store(): void {
    this.#memory.set(this.#bytes.subarray(0, this.#end), 0);
  }

  /** Sends from the one with this index on; gives how many were sent, -1 if that one was not. */
  send(fd: number, from: number): number {
    const address = this.#memory.address + BigInt(from * MMSGHDR.size);
    const flags = MSG.DONTWAIT | MSG.NOSIGNAL;
    return this.#libc.sendmmsg(fd, address, this.#length - from, flags);
  }

  /** Writes a pointer to what is at an offset. */
  #point(at: number, offset: number): void {
    this.#view.setBigUint64(at, this.#memory.address + BigInt(offset), true);
  }
}

/** The one of this thread, which serves all endpoints: it is empty between two calls. */
export const outgoingBatch: (libc: Libc) => OutgoingBatch = perLibc((libc) =>
  new OutgoingBatch(libc)
);
