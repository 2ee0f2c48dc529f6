/**
 * Memory that is used again. Memory that is given here is detached: every view of it that is still
 * held becomes empty, so the next user shares it with no one.
 *
 * @module
 */

/** Less than so many bytes are cheaper to make than to keep. */
const SMALLEST = 512;
/** From so many bytes on it is worth the call to free them. */
const LARGE = 4096;
/** How many bytes are kept at most. */
const CAPACITY = 4_194_304;

/** By their sizes, so that a search is one look-up. */
const kept = new Map<number, ArrayBuffer[]>();
let size = 0;
/** The memory that was kept last, which is mostly asked for next, and its size. */
let latest: ArrayBuffer | null = null;
let latestLength = 0;

/** Memory of exactly `length` bytes, which may hold anything. */
export function takeMemory(length: number): ArrayBuffer {
  return keptMemory(length) ?? new ArrayBuffer(length);
}

/** {@linkcode takeMemory} that was kept; `undefined` if there is none. */
export function keptMemory(length: number): ArrayBuffer | undefined {
  let memory: ArrayBuffer | undefined;
  if (latest !== null && length === latestLength) {
    memory = latest;
    latest = null;
  } else memory = kept.get(length)?.pop();
  if (memory !== undefined) size -= length;
  return memory;
}

/** Takes memory away from all who have views of it, and keeps it for {@linkcode takeMemory}. */
export function giveMemory(given: ArrayBuffer): void {
  const memory = detach(given);
  if (memory !== null) keep(memory);
}

/**
 * Moves memory away from all who have views of it.
 *
 * @returns The same memory under another name; `null` if it is gone already, or belongs to a
 * WebAssembly module.
 */
export function detach(memory: ArrayBuffer): ArrayBuffer | null {
  try {
    return memory.transfer();
  } catch {
    // To ask before costs more than the rare failure.
    return null;
  }
}

/**
 * Gives memory of its own back to the system now: the garbage collector runs as often as memory
 * waits for it, and looks at all objects of the program each time.
 */
export function freeMemory({ buffer, length }: Uint8Array): void {
  const isOwn = length >= LARGE && length === buffer.byteLength;
  if (isOwn && buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

function keep(memory: ArrayBuffer): void {
  const length = memory.byteLength;
  if (length < SMALLEST || length > CAPACITY) return;
  // The sizes in use may have changed, so all that is kept goes.
  if (size + length > CAPACITY) {
    kept.clear();
    latest = null;
    size = 0;
  }
  const before = latest;
  const beforeLength = latestLength;
  latest = memory;
  latestLength = length;
  size += length;
  if (before === null) return;
  const alike = kept.get(beforeLength);
  if (alike === undefined) kept.set(beforeLength, [before]);
  else alike.push(before);
}
