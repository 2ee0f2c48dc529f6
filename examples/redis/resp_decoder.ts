import { type Bytes, FrameDecodeError, FrameTooLongError, IncompleteFrameError } from "@sluice/net";
import {
  type Decoder,
  NEED_MORE,
  type NeedMore,
  type ReceiveBuffer,
  SeparatorSearch,
} from "@sluice/net/protocols";
import { Attributed, Push, RespError, type RespValue, VerbatimString } from "./resp_values.ts";

/** Options for a decoder: how much is taken in. */
export interface RespDecoderOptions {
  /** The longest string, in bytes. */
  readonly maxLength: number;
  /**
   * The most values of one message, however they are nested: what Redis allows in one command.
   *
   * @default {1048576}
   */
  readonly maxValues?: number;
}

/**
 * The longest line, in bytes: of a simple string, an error or a number. Redis's limit.
 */
const MAX_LINE_LENGTH = 65_536;
/**
 * How deep values may be nested: more than any reply of Redis, and far from what the stack takes.
 */
const MAX_DEPTH = 128;
/** A length of more digits than this cannot be meant. */
const MAX_DIGITS = 20;

const CR = 0x0d;
const LF = 0x0a;
const CRLF: readonly Uint8Array[] = [new Uint8Array([CR, LF])];
const ZERO = 0x30;
const MINUS = 0x2d;
const QUESTION_MARK = 0x3f;

/** The first byte of each type, and what it is called here. */
const TYPES: { readonly [byte: number]: string } = Object.fromEntries(
  Object.entries({
    "+": "simple",
    "-": "error",
    ":": "integer",
    ",": "double",
    "#": "boolean",
    "(": "big",
    "_": "null",
    "$": "bulk",
    "!": "bulkError",
    "=": "verbatim",
    ";": "chunk",
    "*": "list",
    "~": "set",
    ">": "push",
    "%": "map",
    "|": "attributes",
    ".": "end",
  }).map(([character, type]) => [character.charCodeAt(0), type]),
);
const BULK = "$".charCodeAt(0);

/** A list, a map or a string in chunks, of which not all is there. */
interface Open {
  readonly type: string;
  readonly values: RespValue[];
  /** How many values are still to come; `Infinity` up to an end mark. */
  missing: number;
}

/** A value that is incomplete, though some of it was taken. */
const OPENED = Symbol("opened");
/** The mark after a list or a map of unknown length. */
const END = Symbol("end");

type Item = RespValue | typeof OPENED | typeof END | NeedMore;

/**
 * Reads RESP2 and RESP3. The values of a list are taken as they come and kept on a stack, so each
 * byte is looked at once, for any nesting and any split of the bytes.
 */
export class RespDecoder implements Decoder<RespValue> {
  readonly #maxLength: number;
  readonly #maxValues: number;
  readonly #lines = new SeparatorSearch(CRLF);
  readonly #stack: Open[] = [];
  #values = 0;
  // After the line that #readNumber read.
  #lineEnd = 0;

  /** Starts between two messages. */
  constructor(options: RespDecoderOptions) {
    this.#maxLength = options.maxLength;
    this.#maxValues = options.maxValues ?? 1_048_576;
  }

  decode(buffer: ReceiveBuffer): RespValue | NeedMore {
    for (;;) {
      const item = this.#takeItem(buffer);
      if (item === NEED_MORE) return NEED_MORE;
      if (item === OPENED) continue;
      const message = this.#place(item);
      if (message === OPENED) continue;
      this.#values = 0;
      return message;
    }
  }

  decodeEnd(buffer: ReceiveBuffer): NeedMore {
    if (this.#stack.length > 0) throw new IncompleteFrameError(buffer.length);
    return NEED_MORE;
  }

  /** Takes one value, or the head of one that has values inside. */
  #takeItem(buffer: ReceiveBuffer): Item {
    const first = buffer.byteAt(0);
    if (first === undefined) return NEED_MORE;
    if (first === BULK) return this.#takeString(buffer, "bulk");
    const type = TYPES[first];
    switch (type) {
      case "bulkError":
      case "verbatim":
      case "chunk":
        return this.#takeString(buffer, type);
      case "list":
      case "set":
      case "map":
        return this.#takeHead(buffer, type, true);
      case "push":
      case "attributes":
        return this.#takeHead(buffer, type, false);
      case "integer":
        return this.#takeInteger(buffer);
      case undefined:
        throw broken(`a value begins with ${JSON.stringify(String.fromCharCode(first))}`);
      default:
        return this.#takeLine(buffer, type);
    }
  }

  /** Puts a value where it belongs; what it completes goes on to where that belongs. */
  #place(item: RespValue | typeof END): RespValue | typeof OPENED {
    let value = item;
    for (;;) {
      const open = this.#stack.at(-1);
      if (open === undefined) {
        if (value === END) throw broken("an end mark is outside of a list");
        return value;
      }
      if (value === END) {
        if (open.missing !== Infinity) throw broken("an end mark is in a list of known length");
        open.missing = 0;
      } else {
        if (++this.#values > this.#maxValues) {
          throw new FrameTooLongError(this.#values, this.#maxValues);
        }
        open.values.push(value);
        open.missing--;
      }
      if (open.missing > 0) return OPENED;
      this.#stack.pop();
      value = close(open);
    }
  }

  #takeHead(buffer: ReceiveBuffer, type: string, mayBeOpen: boolean): Item {
    const count = this.#readNumber(buffer, mayBeOpen);
    if (count === NEED_MORE) return NEED_MORE;
    buffer.skip(this.#lineEnd);
    if (count === -1 && type === "list") return null;
    if (count < 0) throw broken(`a ${type} of ${count} values`);
    const isPairs = type === "map" || type === "attributes";
    // The value that attributes belong to follows them.
    const missing = count * (isPairs ? 2 : 1) + (type === "attributes" ? 1 : 0);
    if (count !== Infinity && this.#values + missing > this.#maxValues) {
      throw new FrameTooLongError(this.#values + missing, this.#maxValues);
    }
    return this.#open(type, missing);
  }

  #open(type: string, missing: number): Item {
    const open: Open = { type, values: [], missing };
    if (missing === 0) return close(open);
    if (this.#stack.length === MAX_DEPTH) {
      throw broken(`values are nested deeper than ${MAX_DEPTH}`);
    }
    this.#stack.push(open);
    return OPENED;
  }

  #takeString(buffer: ReceiveBuffer, type: string): Item {
    const length = this.#readNumber(buffer, type === "bulk");
    if (length === NEED_MORE) return NEED_MORE;
    if (length === Infinity) {
      buffer.skip(this.#lineEnd);
      return this.#open("chunks", Infinity);
    }
    const isChunk = this.#stack.at(-1)?.type === "chunks";
    if (isChunk !== (type === "chunk")) {
      throw broken("a chunk is outside of a string in chunks");
    }
    if (length === -1 && type === "bulk") {
      buffer.skip(this.#lineEnd);
      return null;
    }
    if (length < 0) throw broken(`a string of ${length} bytes`);
    if (length > this.#maxLength) throw new FrameTooLongError(length, this.#maxLength);
    if (isChunk && length === 0) {
      buffer.skip(this.#lineEnd);
      return END;
    }
    return this.#takeBytes(buffer, type, length);
  }

  #takeBytes(buffer: ReceiveBuffer, type: string, length: number): Item {
    const end = this.#lineEnd + length;
    if (buffer.length < end + 2) return NEED_MORE;
    if (buffer.byteAt(end) !== CR || buffer.byteAt(end + 1) !== LF) {
      throw broken("a string does not end where it should");
    }
    buffer.skip(this.#lineEnd);
    const value = type === "chunk" ? buffer.take(length) : takeText(buffer, length);
    buffer.skip(2);
    if (type === "bulk" || type === "chunk") return value;
    if (typeof value !== "string") throw broken(`a ${type} string is not UTF-8`);
    if (type === "bulkError") return new RespError(value);
    if (value[3] !== ":") throw broken("a verbatim string has no format");
    return new VerbatimString(value.slice(0, 3), value.slice(4));
  }

  #takeInteger(buffer: ReceiveBuffer): Item {
    const value = this.#readNumber(buffer, false);
    if (value === NEED_MORE) return NEED_MORE;
    if (Number.isSafeInteger(value)) {
      buffer.skip(this.#lineEnd);
      return value;
    }
    const digits = buffer.takeText(this.#lineEnd).slice(1, -2);
    const whole = BigInt(digits.replace("+", ""));
    if (BigInt.asIntN(64, whole) !== whole) throw broken(`an integer says ${digits}`);
    return whole;
  }

  #takeLine(buffer: ReceiveBuffer, type: string): Item {
    const match = this.#lines.find(buffer);
    const length = match?.start ?? buffer.length;
    if (length > MAX_LINE_LENGTH) throw new FrameTooLongError(length, MAX_LINE_LENGTH);
    if (match === null) return NEED_MORE;
    const line = takeText(buffer, length);
    buffer.skip(2);
    if (typeof line !== "string") throw broken(`a ${type} is not UTF-8`);
    return parseLine(type, line.slice(1));
  }

  /**
   * The number between the first byte and the line's end, which is a small one as a rule: read
   * without looking for the end first.
   */
  #readNumber(buffer: ReceiveBuffer, mayBeOpen: boolean): number | NeedMore {
    let value = 0;
    let sign = 1;
    let at = 1;
    for (;; at++) {
      const byte = buffer.byteAt(at);
      if (byte === undefined) return NEED_MORE;
      if (byte === CR) break;
      if (at > MAX_DIGITS) throw broken(`a number has more than ${MAX_DIGITS} digits`);
      if (byte >= ZERO && byte <= ZERO + 9) value = value * 10 + (byte - ZERO);
      else if (byte === QUESTION_MARK && mayBeOpen && at === 1) value = Infinity;
      else if (at === 1 && (byte === MINUS || byte === 0x2b)) sign = byte === MINUS ? -1 : 1;
      else throw broken(`a number has byte 0x${byte.toString(16)} in it`);
    }
    const end = buffer.byteAt(at + 1);
    if (end === undefined) return NEED_MORE;
    const isOpen = value === Infinity;
    const isEmpty = at === 1 || (at === 2 && (buffer.byteAt(1) ?? 0) < ZERO);
    if (end !== LF || isEmpty || (isOpen && at > 2)) throw broken("a number is none");
    this.#lineEnd = at + 2;
    return sign * value;
  }
}

/**
 * A string if it is UTF-8, else the bytes: of their own, so that what is kept pins nothing else.
 */
function takeText(buffer: ReceiveBuffer, length: number): string | Bytes {
  try {
    return buffer.takeText(length);
  } catch {
    return buffer.take(length).slice();
  }
}

function parseLine(type: string, text: string): RespValue | typeof END {
  switch (type) {
    case "simple":
      return text;
    case "error":
      return new RespError(text);
    case "double":
      return parseDouble(text);
    case "big":
      if (/^[+-]?\d+$/.test(text)) return toWhole(text);
      break;
    case "boolean":
      if (text === "t" || text === "f") return text === "t";
      break;
    case "null":
      if (text === "") return null;
      break;
    case "end":
      if (text === "") return END;
  }
  throw broken(`a ${type} says ${JSON.stringify(text.slice(0, 80))}`);
}

/** A whole number, of the type that it has in either form: else a set could have it twice. */
function toWhole(text: string): number | bigint {
  // Plus 0: there is no -0 among whole numbers.
  const value = Number(text) + 0;
  return Number.isSafeInteger(value) ? value : BigInt(text.replace("+", ""));
}

function parseDouble(text: string): number {
  if (/^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  const named = { inf: Infinity, "+inf": Infinity, "-inf": -Infinity, nan: NaN, "-nan": NaN };
  const value = Object.entries(named).find(([name]) => name === text.toLowerCase())?.[1];
  if (value === undefined) throw broken(`a double says ${JSON.stringify(text.slice(0, 80))}`);
  return value;
}

/** A value that is complete. */
function close({ type, values }: Open): RespValue {
  switch (type) {
    case "set":
      return new Set(values);
    case "push":
      return new Push(values);
    case "map":
      return toMap(values);
    case "attributes":
      return new Attributed(toMap(values.slice(0, -1)), values.at(-1) ?? null);
    case "chunks":
      return joinChunks(values);
    default:
      return values;
  }
}

function toMap(values: readonly RespValue[]): Map<RespValue, RespValue> {
  if (values.length % 2 === 1) throw broken("a map ends after a key");
  const map = new Map<RespValue, RespValue>();
  for (let i = 0; i < values.length; i += 2) map.set(values[i] ?? null, values[i + 1] ?? null);
  return map;
}

function joinChunks(values: readonly RespValue[]): string | Bytes {
  const chunks = values.filter((value) => value instanceof Uint8Array);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let length = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, length);
    length += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

function broken(what: string): FrameDecodeError {
  return new FrameDecodeError(`Cannot decode RESP: ${what}`);
}
