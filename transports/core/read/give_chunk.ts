import { type Bytes, copyOf } from "../../../protocols/bytes.ts";
import type { AnyProtocol, ProtocolCallbacks } from "../../../protocols/contract.ts";
import { callBack, type CallbackErrorSink } from "../callbacks.ts";
import { isOnLoan, Loan, owned } from "../memory/loan.ts";
import { detach, keptMemory, takeMemory } from "../memory/memory_pool.ts";
import { readSizeFor } from "./read_buffer.ts";

/** From this size on, in bytes, a chunk that is given takes memory that was given back before. */
const POOLED = 4096;
/** Up to so many bytes of memory are lent where they lie, however little of it was read. */
const SMALL = 4096;
/** From so many bytes on it costs less to give their memory away than to copy them. */
const LARGE = 8192;

/** Whether a protocol has chunks lent. */
export function borrows(protocol: AnyProtocol): boolean {
  return (protocol as ProtocolCallbacks).borrowsChunks === true;
}

/**
 * Gives or lends a chunk to a protocol that takes chunks.
 *
 * @param isOwn Whether the chunk has a buffer of its own.
 * @returns A promise if the callback goes on; it does not reject.
 */
export function giveChunk(
  protocol: AnyProtocol,
  onError: CallbackErrorSink,
  chunk: Bytes,
  isOwn: boolean,
): unknown {
  if (!borrows(protocol)) return give(protocol, onError, isOwn ? chunk : owned(chunk));
  // A layer passes on what it was lent itself.
  if (!isOwn && isOnLoan(chunk)) return give(protocol, onError, chunk);
  // Others may go on using any other memory: a copy of it is lent.
  return lend(protocol, onError, isOwn ? chunk : pooledCopy(chunk, chunk.length));
}

/**
 * {@linkcode giveChunk} of the first `n` bytes of memory that is read into again.
 *
 * @param isSpare Whether the memory may be taken away.
 */
export function giveRead(
  protocol: AnyProtocol,
  onError: CallbackErrorSink,
  memory: Bytes,
  n: number,
  isSpare: boolean,
): unknown {
  return borrows(protocol)
    ? lend(protocol, onError, chunkToLend(memory, n, isSpare))
    : give(protocol, onError, chunkToGive(memory, n, isSpare));
}

function lend(protocol: AnyProtocol, onError: CallbackErrorSink, chunk: Bytes): unknown {
  const loan = Loan.begin(chunk.buffer);
  return loan.end(give(protocol, onError, chunk));
}

function give(protocol: AnyProtocol, onError: CallbackErrorSink, chunk: Bytes): unknown {
  return callBack(protocol, "dataReceived", onError, chunk);
}

/** The first `n` bytes where they lie. */
export function firstOf(memory: Bytes, n: number): Bytes {
  return n === memory.length ? memory : memory.subarray(0, n);
}

/** A copy of the first `n` bytes, with a buffer of its own. */
function pooledCopy(memory: Bytes, n: number): Bytes {
  // Other copies cost less than a look-up.
  const kept = n < POOLED ? undefined : keptMemory(n);
  if (kept === undefined) return copyOf(memory, 0, n);
  const copy = new Uint8Array(kept);
  copy.set(firstOf(memory, n));
  return copy;
}

/**
 * The first `n` bytes, for a protocol to keep.
 *
 * @param isSpare Whether the memory may be taken away.
 */
function chunkToGive(memory: Bytes, n: number, isSpare: boolean): Bytes {
  const given = isSpare && n === memory.length && n >= LARGE ? detach(memory.buffer) : null;
  return given === null ? pooledCopy(memory, n) : new Uint8Array(given);
}

/** The first `n` bytes, for a loan, which takes the memory away if they are not a copy. */
function chunkToLend(memory: Bytes, n: number, isSpare: boolean): Bytes {
  const { length } = memory;
  // Little of much is copied: a loan may last, or go on to a queue.
  const isInPlace = isSpare && (length <= SMALL || 4 * n >= length);
  return isInPlace ? firstOf(memory, n) : roomyCopy(memory, n);
}

/** A copy of the first `n` bytes, in memory of a size that is used again. */
function roomyCopy(memory: Bytes, n: number): Bytes {
  const copy = new Uint8Array(takeMemory(readSizeFor(n)), 0, n);
  copy.set(firstOf(memory, n));
  return copy;
}
