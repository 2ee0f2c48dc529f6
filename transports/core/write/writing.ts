import type { Transport } from "../../../protocols/contract.ts";
import type { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { connectionOf } from "../carrier_transport.ts";
import type { Connection } from "../connection.ts";
import { freeMemory } from "../memory/memory_pool.ts";
import { TransportWrapper } from "../transport_wrapper.ts";
import { gateOf } from "../stack_slot.ts";
import type { SystemBytes } from "./system_bytes.ts";

/** The connection of a transport, or of the one below its layers; `null` if it is not ours. */
function writerOf(transport: Transport): Connection | null {
  const connection = connectionOf(transport);
  if (connection !== null) return connection;
  return transport instanceof TransportWrapper ? writerOf(transport.inner) : null;
}

/** Whether the protocol of a transport was told to pause writing. */
export function isWritingPaused(transport: Transport): boolean {
  if (transport.isClosing()) return false;
  const isPaused = writerOf(transport)?.outbound.paused;
  return isPaused ?? transport.getWriteBufferSize() > transport.getWriteBufferLimits().high;
}

/**
 * Writes bytes that have no other user and sends them now, not at the end of this turn. Their
 * memory is freed if they have left.
 */
export function writeNow(transport: Transport, bytes: Uint8Array): void {
  const connection = connectionOf(transport);
  if (connection === null || gateOf(transport) !== null) {
    // A layer may keep the bytes that are written through it.
    transport.write(bytes);
    return writerOf(transport)?.outbound.flush();
  }
  if (connection.mayWrite()) connection.outbound.sendNow(bytes);
  if (connection.queued === 0) freeMemory(bytes);
}

/**
 * Calls back whenever written bytes are sent. A transport that is not ours does not tell.
 *
 * @returns Ends that.
 */
export function watchSent(transport: Transport, callback: () => void): () => void {
  return writerOf(transport)?.outbound.listeners.watch(callback) ?? (() => {});
}

/** Whether `writeEof()` was called. A transport that is not ours does not tell. */
export function isWritingEnded(transport: Transport): boolean {
  return writerOf(transport)?.outbound.isEnding ?? false;
}

/** Why nothing can be sent any more, though the connection is not lost yet; else `null`. */
export function writeFailureOf(transport: Transport): Error | null {
  return writerOf(transport)?.writeFailure?.error ?? null;
}

/**
 * Where to wait until what was written is sent or dropped; `null` if that is so.
 *
 * @returns `undefined` for a transport that is not ours, or whose writes are held back.
 */
export function sentQueueOf(transport: Transport): WaitQueue | null | undefined {
  return isHeldBack(transport) ? undefined : writerOf(transport)?.outbound.sentQueue;
}

/**
 * Closes a transport on behalf of the peer, who is said to have ended the connection then.
 *
 * @param isPeerFirst Whether that is so; by default if the end of its data came before ours.
 */
export function closeAfterPeer(transport: Transport, isPeerFirst?: boolean): void {
  writerOf(transport)?.followPeer(isPeerFirst);
  transport.close();
}

/**
 * Writes bytes of the system to a connection without layers, after the bytes that were written
 * before.
 *
 * @param connection The connection.
 * @param source The bytes; ended here if they are not taken.
 * @param length How many there are.
 * @returns Whether the transport wants more; `false` as well if it takes nothing any more.
 * @throws {InvalidStateError} If the direction has ended.
 */
export function writeSystemBytes(
  connection: Connection,
  source: SystemBytes,
  length: number,
): boolean {
  let isTaken = false;
  try {
    isTaken = connection.mayWrite();
  } finally {
    if (!isTaken) source.end();
  }
  if (!isTaken) return false;
  connection.outbound.pushSystem(source, length);
  connection.outbound.commit();
  // Waiting for more would not make them fewer calls.
  connection.outbound.flush();
  return !connection.outbound.paused;
}

function isHeldBack(transport: Transport): boolean {
  if (gateOf(transport)?.isHolding) return true;
  return transport instanceof TransportWrapper && isHeldBack(transport.inner);
}
