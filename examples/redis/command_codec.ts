import { type Codec, FrameDecodeError } from "@sluice/net";
import {
  type EncodedMessage,
  NEED_MORE,
  type NeedMore,
  type ReceiveBuffer,
} from "@sluice/net/protocols";
import { splitWords } from "./inline_command.ts";
import { RespEncoder } from "./resp_encoder.ts";
import type { RespValue } from "./resp_values.ts";
import type { Text } from "./store.ts";

/** The longest line, in bytes: of a command that is typed, or of a length. Redis's limit. */
const MAX_LINE_LENGTH = 65_536;
/** The most words of one command. */
const MAX_WORDS = 1_048_576;
/** The longest command, in bytes: 64 MiB. Redis allows 512 MiB for each word. */
const MAX_COMMAND_LENGTH = 67_108_864;

/** A length of more digits than this is refused anyway. */
const MAX_DIGITS = 15;

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const MINUS = 0x2d;
const ASTERISK = "*".charCodeAt(0);
const DOLLAR = "$".charCodeAt(0);

/**
 * A server's side of RESP: commands in, values out.
 *
 * A command is a list of strings, or words on a line as people type them. It refuses the
 * same input as Redis, with the same message. It is stricter than RESP itself:
 * the list has no other values than strings, and a length is written in one way only.
 */
export class CommandCodec implements Codec<readonly Text[], RespValue> {
  readonly #encoder = new RespEncoder(2);
  /** The words of a command that is not whole yet. */
  #words: Text[] = [];
  #missing = 0;
  #length = 0;

  /** The version of RESP that is written. */
  get version(): 2 | 3 {
    return this.#encoder.version;
  }

  set version(version: 2 | 3) {
    this.#encoder.version = version;
  }

  encode(value: RespValue): EncodedMessage {
    return this.#encoder.encode(value);
  }

  decode(buffer: ReceiveBuffer): readonly Text[] | NeedMore {
    while (buffer.length > 0) {
      const isWhole = this.#missing > 0
        ? this.#takeWord(buffer)
        : buffer.byteAt(0) === ASTERISK
        ? this.#takeCount(buffer)
        : this.#takeLine(buffer);
      if (!isWhole) return NEED_MORE;
      if (this.#missing > 0 || this.#words.length === 0) continue;
      const command = this.#words;
      this.#words = [];
      this.#length = 0;
      return command;
    }
    return NEED_MORE;
  }

  /** Takes how many words a command has. Without any it is no command. */
  #takeCount(buffer: ReceiveBuffer): boolean {
    const end = findEnd(buffer, "mbulk count string");
    if (end === -1) return false;
    const count = parseLength(buffer, end);
    if (count === null || count > MAX_WORDS) throw broken("invalid multibulk length");
    buffer.skip(end + 2);
    this.#missing = Math.max(count, 0);
    return true;
  }

  #takeWord(buffer: ReceiveBuffer): boolean {
    const end = findEnd(buffer, "bulk count string");
    if (end === -1) return false;
    const first = buffer.byteAt(0) ?? 0;
    if (first !== DOLLAR) throw broken(`expected '$', got '${String.fromCharCode(first)}'`);
    const length = parseLength(buffer, end);
    if (length === null || length < 0 || this.#length + length > MAX_COMMAND_LENGTH) {
      throw broken("invalid bulk length");
    }
    const start = end + 2;
    if (buffer.length < start + length + 2) return false;
    buffer.skip(start);
    this.#words.push(takeText(buffer, length));
    // Redis does not look at the two bytes that end a string.
    buffer.skip(2);
    this.#length += length;
    this.#missing--;
    return true;
  }

  /** Takes a command that is typed; an empty line is none. */
  #takeLine(buffer: ReceiveBuffer): boolean {
    const end = buffer.indexOf(LF);
    if (end > MAX_LINE_LENGTH || (end === -1 && buffer.length > MAX_LINE_LENGTH)) {
      throw broken("too big inline request");
    }
    if (end === -1) return false;
    const line = buffer.take(end);
    buffer.skip(1);
    const words = splitWords(line);
    if (words === null) throw broken("unbalanced quotes in request");
    this.#words = words;
    return true;
  }
}

/** Where the CR of a line is, if its LF is there as well; else -1. */
function findEnd(buffer: ReceiveBuffer, what: string): number {
  for (let at = 1;; at++) {
    const byte = buffer.byteAt(at);
    if (byte === CR) return buffer.length > at + 1 ? at : -1;
    if (at > MAX_LINE_LENGTH) throw broken(`too big ${what}`);
    if (byte === undefined) return -1;
  }
}

/** The number between the mark and the end of a line; `null` if it is written in another way. */
function parseLength(buffer: ReceiveBuffer, end: number): number | null {
  const isNegative = buffer.byteAt(1) === MINUS;
  const start = isNegative ? 2 : 1;
  if (start === end || end - start > MAX_DIGITS) return null;
  // No zero leads, unless it is all.
  if (buffer.byteAt(start) === ZERO) return end === 2 ? 0 : null;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (buffer.byteAt(at) ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

function takeText(buffer: ReceiveBuffer, length: number): Text {
  try {
    return buffer.takeText(length);
  } catch {
    // Bytes of their own, so that keeping them keeps nothing else.
    return buffer.take(length).slice();
  }
}

function broken(reason: string): FrameDecodeError {
  return new FrameDecodeError(`Protocol error: ${reason}`);
}
