import { type Bytes, type Codec, FrameDecodeError } from "@sluice/net";
import {
  type EncodedMessage,
  NEED_MORE,
  type NeedMore,
  type ReceiveBuffer,
} from "@sluice/net/protocols";

/** A command of a client. Each character of a word is one byte. */
export interface Command {
  /** The words of its line. */
  readonly words: readonly string[];
  /** The data of a command that stores; else `null`. */
  readonly data: Bytes | null;
  /** Why it cannot be carried out, as the client is told; `null` if it can. */
  readonly refusal: string | null;
}

/** The longest line of a command, in bytes: clients ask for thousands of keys at a time. */
const MAX_LINE_LENGTH = 1_048_576;

const LF = 0x0a;
const CR = 0x0d;

/** The commands after whose line data follows. */
const STORING = new Set(["set", "add", "replace", "append", "prepend", "cas"]);

/** A server's side of memcached's text protocol: commands in, answers out. */
export class CommandCodec implements Codec<Command, EncodedMessage> {
  readonly #maxValueLength: number;
  /** A command that stores, whose data is still to come, and how long that is. */
  #storing: { readonly words: readonly string[]; readonly length: number } | null = null;
  /** A command that is refused, once its data is dropped. */
  #refused: Command | null = null;
  #toDrop = 0;
  /** How far the start of a line was searched for its end. */
  #searched = 0;

  /** Refuses longer values. */
  constructor(maxValueLength: number) {
    this.#maxValueLength = maxValueLength;
  }

  encode(answer: EncodedMessage): EncodedMessage {
    return answer;
  }

  decode(buffer: ReceiveBuffer): Command | NeedMore {
    if (this.#refused !== null) return this.#drop(buffer, this.#refused);
    if (this.#storing !== null) return this.#takeData(buffer);
    const line = this.#takeLine(buffer);
    if (line === null) return NEED_MORE;
    const words = splitWords(line);
    if (!STORING.has(words[0] ?? "")) return { words, data: null, refusal: null };
    return this.#begin(words, buffer);
  }

  /** The rest of a command when the client ends is of no use. */
  decodeEnd(buffer: ReceiveBuffer): NeedMore {
    buffer.clear();
    return NEED_MORE;
  }

  #begin(words: readonly string[], buffer: ReceiveBuffer): Command | NeedMore {
    const length = /^\d{1,10}$/.test(words[4] ?? "") ? Number(words[4]) : -1;
    // Where the data ends is not known, so it is taken for commands, as memcached does.
    if (length < 0) {
      return { words, data: null, refusal: "CLIENT_ERROR bad command line format\r\n" };
    }
    if (length <= this.#maxValueLength) {
      this.#storing = { words, length };
      return this.#takeData(buffer);
    }
    this.#toDrop = length + 2;
    this.#refused = { words, data: null, refusal: "SERVER_ERROR object too large for cache\r\n" };
    return this.#drop(buffer, this.#refused);
  }

  #takeData(buffer: ReceiveBuffer): Command | NeedMore {
    const { words = [], length = 0 } = this.#storing ?? {};
    if (buffer.length < length + 2) return NEED_MORE;
    this.#storing = null;
    if (buffer.byteAt(length) === CR && buffer.byteAt(length + 1) === LF) {
      const data = buffer.take(length);
      buffer.skip(2);
      return { words, data, refusal: null };
    }
    // The client has miscounted: the next command begins after the next end of a line.
    buffer.skip(length);
    this.#refused = { words, data: null, refusal: "CLIENT_ERROR bad data chunk\r\n" };
    this.#toDrop = Infinity;
    return this.#drop(buffer, this.#refused);
  }

  /** Drops the data of a command that is refused: so many bytes, or the rest of the line. */
  #drop(buffer: ReceiveBuffer, refused: Command): Command | NeedMore {
    const end = this.#toDrop === Infinity ? buffer.indexOf(LF) + 1 : this.#toDrop;
    const isWhole = end > 0 && end <= buffer.length;
    const dropped = isWhole ? end : buffer.length;
    buffer.skip(dropped);
    this.#toDrop -= dropped;
    if (!isWhole) return NEED_MORE;
    this.#refused = null;
    return refused;
  }

  /** Takes a line without its end; `null` if it is not whole. */
  #takeLine(buffer: ReceiveBuffer): string | null {
    // Many short commands in a row are cut out of one text.
    const text = this.#searched === 0 ? buffer.peekAscii() : "";
    const found = text.indexOf("\n");
    const end = found === -1 ? buffer.indexOf(LF, this.#searched) : found;
    if (end > MAX_LINE_LENGTH || (end === -1 && buffer.length > MAX_LINE_LENGTH)) {
      throw new FrameDecodeError("line too long");
    }
    this.#searched = end === -1 ? buffer.length : 0;
    if (end === -1) return null;
    const hasReturn = end > 0 && buffer.byteAt(end - 1) === CR;
    const length = hasReturn ? end - 1 : end;
    const line = found === -1 ? toBinary(buffer.peek(length)) : text.substring(0, length);
    buffer.skip(end + 1);
    return line;
  }
}

function splitWords(line: string): readonly string[] {
  const space = line.indexOf(" ");
  // Mostly two words: split() costs twice as much.
  if (space > 0 && space < line.length - 1 && line.indexOf(" ", space + 1) === -1) {
    return [line.substring(0, space), line.substring(space + 1)];
  }
  const words = line.split(" ");
  return words.includes("") ? words.filter((word) => word !== "") : words;
}

/** Bytes as text of which each character is one byte. */
function toBinary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
