import { type Bytes, checkBytes, copyOf, isOrdinary, remedyFor } from "../../../protocols/bytes.ts";
import type { WriteOptions } from "../../../protocols/contract.ts";
import { check, checkOptions, type OptionTable, show } from "../../../protocols/option_checks.ts";
import { isLent, OWNER } from "../memory/loan.ts";
import { detach } from "../memory/memory_pool.ts";
import { MOVE_LIMIT } from "./write_queue.ts";

const encoder = new TextEncoder();
const CHECKS: OptionTable<WriteOptions> = { transfer: check.flag };

/**
 * Gives data to write as bytes that do not change: memory that another thread may change, or that
 * may shrink before it is sent, is copied. Throws like {@linkcode asBytes}.
 */
export function toBytes(data: Uint8Array | string): Uint8Array {
  const bytes = asBytes(data);
  return isOrdinary(bytes) ? bytes : copyOf(bytes);
}

/**
 * Gives data to write as bytes: a string is encoded as UTF-8. For a queue, which copies what it
 * has to: most data has no buffer yet, and asking for it has the engine make one.
 *
 * @throws {TypeError} If it is neither bytes nor a string, or the memory was transferred away.
 */
export function asBytes(data: Uint8Array | string): Uint8Array {
  checkData(data);
  return typeof data === "string" ? encoder.encode(data) : data;
}

/**
 * Throws for what cannot be written.
 *
 * @throws {TypeError} If it is neither bytes nor a string, or the memory was transferred away.
 */
export function checkData(data: unknown): void {
  if (typeof data === "string") return;
  if (!(data instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot write data ${show(data)}: it is neither a Uint8Array nor a string` +
        remedyFor(data),
    );
  }
  if (data.length === 0) checkBytes(data, "write");
}

/** {@linkcode toParts}, as bytes. */
export function toPieces(
  parts: Iterable<Uint8Array | string>,
  options?: WriteOptions,
): Uint8Array[] {
  return toParts(parts, options).map(asBytes);
}

/**
 * Gives the parts of data to write, without empty ones. Nothing is written if one of them is
 * of a wrong kind, so all are looked at first. Anything but an array may run code between two
 * parts, such as a generator that uses one buffer for all of them: these parts are copied.
 *
 * @throws {TypeError} If `parts` cannot be iterated, or a part is neither bytes nor a string.
 */
export function toParts(
  parts: Iterable<Uint8Array | string>,
  options?: WriteOptions,
): (Uint8Array | string)[] {
  const isArray = Array.isArray(parts);
  if (!isArray) checkIterable(parts);
  const pieces: (Uint8Array | string)[] = [];
  for (const part of parts) {
    checkData(part);
    if (part.length === 0) continue;
    if (isArray || typeof part === "string") pieces.push(part);
    else pieces.push(options !== undefined && transfers(options) ? moved(part) : copyOf(part));
  }
  return pieces;
}

/**
 * The pieces to queue: strings that follow one another become one, since to encode each of them
 * costs more.
 */
export function joinTexts(
  pieces: readonly (Uint8Array | string)[],
): readonly (Uint8Array | string)[] {
  if (pieces.length < 2) return pieces;
  const joined: (Uint8Array | string)[] = [];
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (text !== "") joined.push(text);
    text = "";
    joined.push(piece);
  }
  if (text !== "") joined.push(text);
  return joined;
}

/**
 * Takes pieces away from the writer: those in `pieces` have their memory for themselves then. A
 * small one stays where it is until it is copied, and is detached then.
 */
export function takeOver(pieces: (Uint8Array | string)[]): void {
  const memories = new Set<ArrayBufferLike>();
  // First those that are copied: they may lie in memory that another one is about to take along.
  pieces.forEach((bytes, i) => {
    if (typeof bytes === "string") return;
    if (memories.has(bytes.buffer) || !isWriters(bytes)) pieces[i] = copyOf(bytes);
    memories.add(bytes.buffer);
  });
  pieces.forEach((bytes, i) => {
    if (typeof bytes !== "string" && bytes.length > MOVE_LIMIT) pieces[i] = moved(bytes);
  });
}

/** Detaches pieces that were taken over and are not sent. */
export function discard(pieces: readonly (Uint8Array | string)[]): void {
  for (const bytes of pieces) if (typeof bytes !== "string") OWNER.release(bytes);
}

/**
 * Whether the options say that the memory of the data is given away.
 *
 * @throws {TypeError} If there is no such option, or it is of the wrong kind.
 */
export function transfers(options: WriteOptions): boolean {
  // Callers without types may give anything.
  const transfer = (options as WriteOptions | null)?.transfer ?? false;
  let isPlain = typeof transfer === "boolean" && typeof options === "object" &&
    options !== null && !Array.isArray(options);
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
