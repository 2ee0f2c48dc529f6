import { checkBytes, copyOf, isOrdinary, remedyFor } from "../../../protocols/bytes.ts";
import { show } from "../../../protocols/option_checks.ts";

const encoder = new TextEncoder();

/**
 * What may be written, as bytes that do not change: memory that another thread may change, or that
 * may shrink before it is sent, is copied. Throws like {@linkcode asBytes}.
 */
export function toBytes(data: Uint8Array | string): Uint8Array {
  const bytes = asBytes(data);
  return isOrdinary(bytes) ? bytes : copyOf(bytes);
}

/**
 * What may be written, as bytes: a string is encoded as UTF-8. For a queue, which copies what it
 * has to: most data has no buffer yet, and asking for it has the engine make one.
 *
 * @throws {TypeError} If it is neither bytes nor a string, or the memory was transferred away.
 */
export function asBytes(data: Uint8Array | string): Uint8Array {
  if (typeof data === "string") return encoder.encode(data);
  if (!(data as unknown instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot write data ${show(data)}: it is neither a Uint8Array nor a string` +
        remedyFor(data),
    );
  }
  if (data.length === 0) checkBytes(data, "write");
  return data;
}

/**
 * What may be written in parts, as bytes without empty ones. Nothing is written if one of them is
 * of a wrong kind, so all are looked at first. Anything but an array may run code between two
 * parts, such as a generator that uses one buffer for all of them: these parts are copied.
 *
 * @throws {TypeError} If `parts` cannot be iterated, or a part is neither bytes nor a string.
 */
export function toPieces(parts: Iterable<Uint8Array | string>): Uint8Array[] {
  if (Array.isArray(parts)) return parts.map(toBytes).filter((bytes) => bytes.length > 0);
  checkIterable(parts);
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = toBytes(part);
    if (bytes.length > 0) pieces.push(bytes === part ? copyOf(bytes) : bytes);
  }
  return pieces;
}

function checkIterable(parts: unknown): void {
  if (typeof parts === "string") return;
  const isObject = typeof parts === "object" && parts !== null;
  if (isObject && Symbol.iterator in parts && !(parts instanceof Uint8Array)) return;
  const remedy = parts instanceof Uint8Array
    ? "; pass it to write()"
    : isObject && Symbol.asyncIterator in parts
    ? "; write() each part as it comes"
    : remedyFor(parts);
  throw new TypeError(
    `Cannot write parts ${show(parts)}: not an iterable of bytes and strings${remedy}`,
  );
}
