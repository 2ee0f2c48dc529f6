import { type Bytes, checkBytes, copyOf, isOrdinary, remedyFor } from "../../../protocols/bytes.ts";
import type { WriteOptions } from "../../../protocols/contract.ts";
import { checkOptions, flag, type OptionTable, show } from "../../../protocols/option_checks.ts";
import { isLent } from "../loan.ts";
import { detach } from "../memory_pool.ts";
import { MOVE_LIMIT } from "./write_queue.ts";

const encoder = new TextEncoder();
const CHECKS: OptionTable<WriteOptions> = { transfer: flag };

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
export function toPieces(
  parts: Iterable<Uint8Array | string>,
  options?: WriteOptions,
): Uint8Array[] {
  if (Array.isArray(parts)) return parts.map(asBytes).filter((bytes) => bytes.length > 0);
  checkIterable(parts);
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = asBytes(part);
    if (bytes.length === 0) continue;
    const isTransfer = options !== undefined && transfers(options);
    pieces.push(isTransfer ? moved(bytes) : bytes === part ? copyOf(bytes) : bytes);
  }
  return pieces;
}

/**
 * Takes pieces away from the writer if the options say so: those in `pieces` have their memory for
 * themselves then. A small one stays where it is until it is copied, and is detached then.
 *
 * @returns Whether the options say so.
 * @throws {TypeError} If there is no such option, or it is of the wrong kind.
 */
export function takeOver(pieces: Uint8Array[], options: WriteOptions): boolean {
  if (!transfers(options)) return false;
  const memories = new Set<ArrayBufferLike>();
  // First those that are copied: they may lie in memory that another one is about to take along.
  pieces.forEach((bytes, i) => {
    if (memories.has(bytes.buffer) || !isWriters(bytes)) pieces[i] = copyOf(bytes);
    memories.add(bytes.buffer);
  });
  pieces.forEach((bytes, i) => {
    if (bytes.length > MOVE_LIMIT) pieces[i] = moved(bytes);
  });
  return true;
}

function transfers(options: WriteOptions): boolean {
  // Callers without types may give anything.
  const transfer = (options as WriteOptions | null)?.transfer ?? false;
  let isPlain = typeof transfer === "boolean" && typeof options === "object" && options !== null;
  for (const name in options) isPlain &&= name === "transfer";
  if (!isPlain) checkOptions("write", options, CHECKS);
  return transfer;
}

/** The bytes over memory that only they use: moved there, or copied if that is not the writer's. */
function moved(bytes: Uint8Array): Uint8Array {
  const memory = isWriters(bytes) ? detach(bytes.buffer) : null;
  return memory === null ? copyOf(bytes) : new Uint8Array(memory);
}

/** Whether bytes are all of their buffer, and that is the writer's alone. */
function isWriters(bytes: Uint8Array): bytes is Bytes {
  return bytes.length === bytes.buffer.byteLength && isOrdinary(bytes) && !isLent(bytes);
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
