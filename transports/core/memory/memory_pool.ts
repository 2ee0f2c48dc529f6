/**
 * Memory that is used again. What is given here is detached: every view of it that is still held
 * becomes empty, so the next user shares it with no one.
 *
 * @module
 */

/** Less than so many bytes are cheaper to make than to keep. */
const SMALLEST = 512;
/** How many bytes are kept at most. */
const CAPACITY = 4_194_304;

/** By their sizes, so that a search is one look-up. */
const kept = new Map<number, ArrayBuffer[]>();
let size = 0;

/** Memory of exactly `length` bytes, which may hold anything. */
export function takeMemory(length: number): ArrayBuffer {
  const memory = kept.get(length)?.pop();
  if (memory === undefined) return new ArrayBuffer(length);
  size -= length;
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
  if (memory.detached) return null;
  try {
    return memory.transfer();
  } catch {
    return null;
  }
}

function keep(memory: ArrayBuffer): void {
  const length = memory.byteLength;
  if (length < SMALLEST || length > CAPACITY) return;
  // The sizes in use may have changed, so all that is kept goes.
  if (size + length > CAPACITY) {
    kept.clear();
    size = 0;
  }
  const alike = kept.get(length);
  if (alike === undefined) kept.set(length, [memory]);
  else alike.push(memory);
  size += length;
}
