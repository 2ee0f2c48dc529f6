/**
 * Memory and who owns it. Bytes that this library hands out are over a buffer of their own: the
 * receiver may keep it, transfer it or enqueue it, and no other holder of bytes notices.
 *
 * @module
 */
import { show } from "./option_checks.ts";

/**
 * Bytes that this library hands out: always over a plain `ArrayBuffer`, so any Web API takes them.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Copies bytes. `slice()` does not always do that: the one of a `Buffer` of node:buffer gives a
 * view of the same memory.
 *
 * @param bytes What to copy.
 * @param start The first byte.
 * @param end The byte after the last one; what lies beyond the end does not count.
 * @returns The copy, over a buffer of its own.
 */
export function copyOf(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): Bytes {
  // deno-lint-ignore sluice/copy-of -- the one place that knows whose method this is
  if (bytes.constructor === Uint8Array) return bytes.slice(start, end);
  const { buffer, byteOffset, length } = bytes;
  const from = Math.min(start, length);
  return new Uint8Array(new Uint8Array(buffer, byteOffset + from, Math.min(end, length) - from));
}

/**
 * Gives bytes a buffer of their own: copies them unless they have one.
 *
 * @param bytes Bytes that no other code will use any more.
 * @returns The same object, or a copy. Its buffer holds nothing else, is not shared with other
 * threads and has a fixed size.
 */
export function ownedBytes(bytes: Uint8Array): Bytes {
  const { buffer } = bytes;
  const isOwner = bytes.length === buffer.byteLength && bytes.constructor === Uint8Array &&
    isOrdinary(bytes);
  return isOwner ? bytes : copyOf(bytes);
}

/** Whether the memory is neither shared with other threads nor of a size that can change. */
export function isOrdinary(bytes: Uint8Array): bytes is Bytes {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && !buffer.resizable;
}

/**
 * Joins bytes.
 *
 * @param parts The parts, in order.
 * @returns All of them in one piece; the part itself if there is only one.
 */
export function joinBytes(parts: readonly Bytes[]): Bytes {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * Makes sure that a value is bytes and that its memory is still there.
 *
 * @param value The value.
 * @param action What cannot be done with anything else, such as "receive".
 * @throws {TypeError} If it is not a `Uint8Array`, or its memory was transferred away.
 */
export function checkBytes(value: unknown, action: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot ${action} data ${show(value)}: it is not a Uint8Array${remedyFor(value)}`,
    );
  }
  if (value.length === 0 && value.buffer instanceof ArrayBuffer && value.buffer.detached) {
    throw new TypeError(`Cannot ${action} a Uint8Array whose memory was transferred away`);
  }
}

/** A remedy for a value of the wrong kind, for the end of the text of an error. */
export function remedyFor(value: unknown): string {
  if (value instanceof Promise) return "; is an await missing?";
  const isMemory = value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
  if (isMemory) return "; pass new Uint8Array(buffer)";
  if (!ArrayBuffer.isView(value)) return "";
  return "; pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength)";
}
